"""The master key file: 32 bytes that only the server can read; they wrap all other keys.

While a master key is replaced the file has two lines: the new key, then the old one.
"""

import base64
import binascii
import os
from collections.abc import Sequence
from pathlib import Path

from activation_server.crypto.sealed import KEY_BYTES
from activation_server.rules.errors import OperatorError


class MasterKeyError(OperatorError):
    """There is no usable master key; the message is one sentence that says what to do."""


def load(path: Path) -> Sequence[bytes]:
    """Read a master key file, the current key first; raises MasterKeyError.

    Each line holds 32 bytes as Base64 (either alphabet) or as 64 hex digits.
    """
    try:
        lines = path.read_text(encoding="ascii").split()
    except FileNotFoundError:
        msg = f"The master key file {path} does not exist; restore it from your safe copy."
        raise MasterKeyError(msg) from None
    except (OSError, UnicodeDecodeError) as error:
        msg = f"The master key file {path} can't be read ({type(error).__name__})."
        raise MasterKeyError(msg) from None
    keys = [key for line in lines if (key := _decode(line)) is not None]
    if not keys or len(keys) < len(lines):
        msg = f"The master key file {path} does not hold 32 bytes as Base64 or hex."
        raise MasterKeyError(msg)
    return keys


def make(path: Path, key: bytes) -> None:
    """Write a new master key file, mode 0600, durable before it is used.

    Raises FileExistsError rather than replacing a key: what it wraps would be lost.
    """
    draft = _draft(path, [key])
    try:
        os.link(draft, path)  # unlike a rename, fails when there is a key already
    finally:
        draft.unlink()
    _sync_directory(path)


def replace(path: Path, keys: Sequence[bytes]) -> None:
    """Write other keys into a master key file: a crash leaves the old file or the new one."""
    draft = _draft(path, keys)
    owner = path.stat()
    if (owner.st_uid, owner.st_gid) != (os.getuid(), os.getgid()):
        os.chown(draft, owner.st_uid, owner.st_gid)  # root rotates the key of the server's user
    draft.replace(path)
    _sync_directory(path)


def _draft(path: Path, keys: Sequence[bytes]) -> Path:
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)  # left by a crash before it was used
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(base64.b64encode(key) + b"\n" for key in keys)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _sync_directory(path: Path) -> None:
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
