"""Offline files: a JSON document as text that survives mail, copying and pasting.

-----BEGIN ACTIVATION REQUEST-----
Digest: 16 hex digits, the first of the SHA-256 of the document

the document in base64 (RFC 4648, section 4), 64 characters a line
-----END ACTIVATION REQUEST-----
"""

import base64
import binascii
import hashlib
import json
import re
from enum import StrEnum
from typing import Final

MAX_FILE: Final = 32 * 1024  # bytes
COLUMNS: Final = 64

_DIGEST: Final = re.compile(r"Digest:[ \t]*([0-9A-Fa-f]{16})")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*={0,2}")


class Kind(StrEnum):
    """What a file holds, as its two marks say it."""

    REQUEST = "ACTIVATION REQUEST"
    RESPONSE = "ACTIVATION RESPONSE"


class DamagedError(Exception):
    """A file that is damaged, cut off or of the other kind.

    `line` counts from 1; `fault` ends a sentence and quotes nothing of the file.
    """

    def __init__(self, line: int, fault: str) -> None:
        super().__init__(f"line {line}: {fault}")
        self.line = line
        self.fault = fault


def write(kind: Kind, document: bytes) -> str:
    """Write a document (JSON in UTF-8) as a file: ASCII, lines that end with a line feed."""
    encoded = base64.b64encode(document).decode()
    rows = [encoded[start : start + COLUMNS] for start in range(0, len(encoded), COLUMNS)]
    head = [_begin(kind), f"Digest: {_digest(document)}", ""]
    return "\n".join([*head, *rows, _end(kind), ""])


def read(kind: Kind, file: bytes) -> bytes:
    """Give the first document of this kind in a file. Raises DamagedError.

    Text around the marks, CR LF, blank lines, and spaces around lines do no harm; lines may have
    been wrapped anew. The `Digest` line may be missing.
    """
    # Every byte that is not ASCII becomes a character that has no place between the marks.
    text = file.decode("ascii", "replace").replace("\r\n", "\n").replace("\r", "\n")
    start = text.find(_begin(kind))
    if start < 0:
        raise _not_begun(kind, text)
    first = _line(text, start)
    end = text.find(_end(kind), start)
    if end < 0:
        raise DamagedError(_line(text, len(text.rstrip())), f"`{_end(kind)}` is missing at the end")
    lines = text[start + len(_begin(kind)) : end].split("\n")
    numbered = [(first + index, line.strip()) for index, line in enumerate(lines)]
    return _decode([(number, line) for number, line in numbered if line], first)


def _decode(lines: list[tuple[int, str]], first: int) -> bytes:
    """Decode what stands between the marks; `first` is the line of the opening one."""
    digest = None
    if lines and lines[0][1].startswith("Digest:"):
        digest = _DIGEST.fullmatch(lines[0][1])
        if digest is None:
            raise DamagedError(lines[0][0], "`Digest: ` must be followed by 16 hex digits")
        first, lines = lines[0][0], lines[1:]
    if not lines:
        raise DamagedError(first + 1, "there is nothing between the two marks")
    for number, line in lines:
        last = number == lines[-1][0]
        if not _BASE64.fullmatch(line) or (line.endswith("=") and not last):
            raise DamagedError(number, "this line holds characters that do not belong here")
    try:
        document = base64.b64decode("".join(line for _, line in lines), validate=True)
    except binascii.Error:
        at = _suspect(lines, lines[-1][0])
        raise DamagedError(at, "characters are missing or too many") from None
    if digest and digest[1].lower() != _digest(document):
        raise DamagedError(_suspect(lines, first), "the contents do not match the digest")
    if not _is_object(document):
        raise DamagedError(lines[0][0], "the contents are no JSON object")
    return document


def _is_object(document: bytes) -> bool:
    try:
        return isinstance(json.loads(document), dict)
    except (ValueError, RecursionError):
        return False


def _suspect(lines: list[tuple[int, str]], otherwise: int) -> int:
    """Give the first line, the last one apart, that is not as long as most are."""
    lengths = [len(line) for _, line in lines]
    usual = max(lengths, key=lambda length: (lengths.count(length), length == COLUMNS))
    return next((number for number, line in lines[:-1] if len(line) != usual), otherwise)


def _not_begun(kind: Kind, text: str) -> DamagedError:
    other = Kind.RESPONSE if kind is Kind.REQUEST else Kind.REQUEST
    at = text.find(_begin(other))
    if at >= 0:
        noun = other.value.rpartition(" ")[2].lower()
        wanted = kind.value.rpartition(" ")[2].lower()
        return DamagedError(_line(text, at), f"this is a {noun} file, not the {wanted} file")
    return DamagedError(1, f"`{_begin(kind)}` is missing at the beginning")


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _digest(document: bytes) -> str:
    return hashlib.sha256(document).hexdigest()[:16]


def _begin(kind: Kind) -> str:
    return f"-----BEGIN {kind}-----"


def _end(kind: Kind) -> str:
    return f"-----END {kind}-----"
