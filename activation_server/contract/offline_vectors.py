"""Vectors of offline request files: what the reader makes of them, good and damaged."""

import json
from collections.abc import Iterator
from typing import Any, Final

from activation_server.contract.request_vectors import ACTIVATION, DEACTIVATION, REACTIVATION
from activation_server.formats import offline_file
from activation_server.formats.offline_file import Kind

Json = dict[str, Any]
Vector = tuple[str, Json]

_NAMED: Final = {"activation_id": "5d0e2f8a-97c1-8f43-a6b2-0c9d1e7f3a55"}
_ACTIVATE: Final[Json] = {"purpose": "activate", **ACTIVATION}
_REACTIVATE: Final[Json] = {"purpose": "reactivate", **_NAMED, **REACTIVATION}
_DEACTIVATE: Final[Json] = {"purpose": "deactivate", **_NAMED, **DEACTIVATION}
_TRIAL: Final[Json] = {key: _ACTIVATE[key] for key in _ACTIVATE if key != "license_key"} | {
    "purpose": "trial"
}


def vectors() -> dict[str, Json]:
    """Give each vector of an offline request by its path under `vectors/`."""
    return {
        f"offline/{name}.json": vector for cases in (_good(), _damaged()) for name, vector in cases
    }


def _file(document: Json) -> str:
    return offline_file.write(Kind.REQUEST, json.dumps(document).encode())


def _good() -> Iterator[Vector]:
    for document in (_ACTIVATE, _REACTIVATE, _DEACTIVATE, _TRIAL):
        purpose = document["purpose"]
        about = f"A file to {purpose}, exactly as it is to be written."
        yield _readable(purpose, about, _file(document), document)
    file = _file(_ACTIVATE)
    begin, digest, _, *rows = file.split("\n")
    body = "".join(rows[:-2])
    wrapped = [body[start : start + 50] for start in range(0, len(body), 50)]
    upper = digest[: len("Digest: ")] + digest[len("Digest: ") :].upper()
    for name, text, about in (
        ("crlf", file.replace("\n", "\r\n"), "Lines end with CR LF."),
        ("spaces", file.replace("\n", " \t\n"), "There is white space at the ends of lines."),
        ("text-around", f"Dear support,\n\n{file}\nAna\n", "There is text before and after."),
        ("blank-lines", file.replace("\n", "\n\n"), "Lines were doubled."),
        ("wrapped", "\n".join([begin, digest, "", *wrapped, *rows[-2:]]), "Wrapped otherwise."),
        ("no-digest", "\n".join([begin, "", *rows]), "The digest may be left out."),
        ("upper-case-digest", file.replace(digest, upper), "The digest is in upper case."),
    ):
        yield _readable(name, about, text, _ACTIVATE)


def _damaged() -> Iterator[Vector]:
    file = _file(_ACTIVATE)
    lines = file.split("\n")
    begin, digest, _, first, second, *_ = lines
    other = offline_file.write(Kind.RESPONSE, b"{}")
    plain = file.replace(f"{digest}\n", "")
    swapped = first[0].swapcase() + first[1:]
    for name, text, line, about in (
        ("no-begin", file.removeprefix(f"{begin}\n"), 1, "The first mark is missing."),
        ("cut-off", file[: file.index(second) + 9], 5, "The file ends in its fifth line."),
        ("response", other, 1, "A response is no request."),
        ("digest-wrong", file.replace(digest, "Digest: " + 16 * "0"), 2, "Another digest."),
        ("digest-short", file.replace(digest, digest[:-1]), 2, "15 digits of the digest."),
        ("character-changed", file.replace(first, swapped), 2, "Found by the digest alone."),
        ("character-missing", file.replace(second, second[1:]), 5, "A shorter line is named."),
        ("line-shorter", file.replace(second, second[4:]), 5, "Four characters are missing."),
        ("line-missing", file.replace(f"{second}\n", ""), 2, "Found by the digest alone."),
        ("quoted", file.replace(second, f"> {second}"), 5, "A mail program put a mark there."),
        ("empty", "\n".join([begin, digest, "", *lines[-2:]]), 3, "Nothing between the marks."),
        ("no-json", plain.replace(first, first[4:]), 3, "Without a digest: no JSON comes out."),
        ("no-file", "Please activate my computer.", 1, "Just a text."),
    ):
        expected = {"valid": False, "code": "OFFLINE_FILE_INVALID", "line": line}
        yield f"damaged-{name}", {"description": about, "file": text, "expected": expected}


def _readable(name: str, about: str, file: str, document: Json) -> Vector:
    expected = {"valid": True, "request": document}
    return f"good-{name}", {"description": about, "file": file, "expected": expected}
