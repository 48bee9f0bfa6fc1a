"""The master key: 32 bytes in a file that only the server can read; it wraps all other keys."""

import base64
import binascii
import os
from pathlib import Path

from activation_server.crypto.sealed import KEY_BYTES
from activation_server.rules.errors import OperatorError


class MasterKeyError(OperatorError):
    """There is no usable master key; the message is one sentence that says what to do."""


def load(path: Path) -> bytes:
    """Read a master key file: 32 bytes as Base64 (either alphabet) or as 64 hex digits."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        msg = f"The master key file {path} does not exist; restore it from your safe copy."
        raise MasterKeyError(msg) from None
    except (OSError, UnicodeDecodeError) as error:
        msg = f"The master key file {path} can't be read ({type(error).__name__})."
        raise MasterKeyError(msg) from None
    key = _decode(text)
    if key is None:
        msg = f"The master key file {path} does not hold 32 bytes as Base64 or hex."
        raise MasterKeyError(msg)
    return key


def make(path: Path, key: bytes) -> None:
    """Write a new master key file, mode 0600, durable before it is used.

    Raises FileExistsError rather than replacing a key: what it wraps would be lost.
    """
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)  # left by a crash before it was linked, so never used
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(key) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # unlike a rename, fails when there is a key already
    finally:
        draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _decode(text: str) -> bytes | None:
    for decode in (bytes.fromhex, _base64):
        try:
            key = decode(text)
        except (ValueError, binascii.Error):
            continue
        if len(key) == KEY_BYTES:
            return key
    return None


def _base64(text: str) -> bytes:
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
