"""The archive: files that are encrypted with age to keys which this server does not have.

Each has a manifest beside it. The manifest is written last: a file without one was cut off, and
what it holds was never deleted.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyrage
from pyrage import x25519

from activation_server.rules.errors import OperatorError

FORMAT = 1
_FILE, _MANIFEST, _DRAFT = ".age", ".manifest.json", ".draft"
_KEY_BEGINS = "age1"


class Standing(StrEnum):
    """Whether a file is as it was written."""

    WHOLE = "whole"
    DAMAGED = "damaged"
    MISSING = "missing"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A file, what its manifest says, and whether that is so."""

    path: Path
    standing: Standing
    manifest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Archive:
    """The directory of the archive, and the public keys it is encrypted to."""

    directory: Path
    recipients: Sequence[str] = ()

    def write(self, clear: bytes, about: Mapping[str, Any], now: datetime) -> Path:
        """Encrypt into a new file, durable with its manifest. Raises OperatorError."""
        self.require_recipients()
        keys = [x25519.Recipient.from_str(each) for each in self.recipients]
        encrypted = pyrage.encrypt(clear, keys)
        try:
            with self._locked() as directory:
                path = self._free_name(now)
                manifest = {
                    "format": FORMAT,
                    "file": path.name,
                    "written": now.isoformat(),
                    "recipients": list(self.recipients),
                    "bytes": len(encrypted),
                    "sha256": _sha256(encrypted),
                    "clear_sha256": _sha256(clear),
                    **about,
                }
                _put(path, encrypted, directory)
                text = json.dumps(manifest, indent=2) + "\n"
                _put(manifest_path(path), text.encode(), directory)
        except OSError as error:
            raise self._unusable(error) from None
        return path

    def require_recipients(self) -> None:
        """See that there is somebody to encrypt to. Raises OperatorError."""
        if not self.recipients:
            msg = (
                "No archive recipient is set: make a key on another machine with "
                "`activation-server archive make-identity FILE`, and set "
                "ACTIVATION_ARCHIVE_RECIPIENTS to the public key that it prints."
            )
            raise OperatorError(msg)

    def files(self) -> Sequence[Path]:
        """Give the files, the oldest first, also those that are missing. Raises OperatorError."""
        try:
            names = {
                each.name.removesuffix(ending)
                for each in self.directory.iterdir()
                for ending in (_FILE, _MANIFEST)
                if each.name.endswith(ending)
            }
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unusable(error) from None
        return [self.directory / (name + _FILE) for name in sorted(names)]

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Let no other process write until the end; drafts that a crash left go."""
        new = [each for each in (self.directory, *self.directory.parents) if not each.exists()]
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for each in new:  # a file is durable only with the directories above it
            _sync(each.parent)
        descriptor = os.open(self.directory, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # until it is closed
            for draft in self.directory.glob("licenses-*" + _DRAFT):
                draft.unlink()
            yield descriptor
        finally:
            os.close(descriptor)

    def _free_name(self, now: datetime) -> Path:
        number = 1
        while (path := self.directory / f"licenses-{now:%Y%m%dT%H%M%SZ}-{number}.age").exists():
            number += 1
        return path

    def _unusable(self, error: OSError) -> OperatorError:
        return OperatorError(
            f"The archive {self.directory} can't be used: {error.strerror}. "
            "ACTIVATION_ARCHIVE_DIR names its place."
        )


def recipients(text: str) -> Sequence[str]:
    """Read public keys, by commas, or from a file that text names. Raises OperatorError."""
    if not text.strip():
        return []
    if text.strip().startswith(_KEY_BEGINS):
        lines = text.split(",")
    else:
        lines = _read(Path(text.strip()), "The file of archive recipients").decode().splitlines()
    keys = [key for line in lines if (key := line.strip()) and not key.startswith("#")]
    for key in keys:
        try:
            x25519.Recipient.from_str(key)
        except pyrage.RecipientError:
            msg = f"ACTIVATION_ARCHIVE_RECIPIENTS: {key!r} is no public key of age (age1…)."
            raise OperatorError(msg) from None
    return keys


def look_at(path: Path) -> ArchiveFile:
    """Compare a file with its manifest. Raises OperatorError when it can't be read."""
    manifest = read_manifest(path)
    if manifest is None:
        return ArchiveFile(path, Standing.UNFINISHED, {})
    if not path.exists():
        return ArchiveFile(path, Standing.MISSING, manifest)
    try:
        with path.open("rb") as file:
            right = hashlib.file_digest(file, "sha256").hexdigest() == manifest.get("sha256")
    except OSError as error:
        msg = f"The archive file {path} can't be read: {error.strerror}."
        raise OperatorError(msg) from None
    return ArchiveFile(path, Standing.WHOLE if right else Standing.DAMAGED, manifest)


def read_manifest(path: Path) -> Mapping[str, Any] | None:
    """Give the manifest of a file; nothing when there is none. Raises OperatorError."""
    beside = manifest_path(path)
    if not beside.exists():
        return None
    try:
        manifest = json.loads(_read(beside, "The manifest"))
    except ValueError:
        manifest = None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        msg = f"The manifest {beside} is damaged, or of another version of the archive."
        raise OperatorError(msg)
    return manifest


def manifest_path(path: Path) -> Path:
    """Give where the manifest of a file stands."""
    return path.with_name(path.name.removesuffix(_FILE) + _MANIFEST)


def decrypt(path: Path, identity_file: Path) -> bytes:
    """Give a file's content in clear. Raises OperatorError."""
    identities = _identities(identity_file)
    encrypted = _read(path, "The archive file")
    manifest = read_manifest(path) or {}
    damaged = OperatorError(f"{path} is damaged, or no archive; take another copy of it.")
    if manifest.get("sha256", _sha256(encrypted)) != _sha256(encrypted):
        raise damaged
    try:
        clear: bytes = pyrage.decrypt(encrypted, identities)
    except pyrage.DecryptError as error:
        if "No matching keys" in str(error):
            msg = f"{path} is not encrypted to the identity in {identity_file}; use another one."
            raise OperatorError(msg) from None
        raise damaged from None
    if manifest.get("clear_sha256", _sha256(clear)) != _sha256(clear):
        raise damaged
    return clear


def make_identity(path: Path) -> str:
    """Write a new private key, as age-keygen does; give its public key. Raises OperatorError."""
    identity = x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"# public key: {public}\n{identity}\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        msg = f"{path} exists already and is left as it is."
        raise OperatorError(msg) from None
    except OSError as error:
        msg = f"The identity can't be written to {path}: {error.strerror}."
        raise OperatorError(msg) from None
    return public


def _identities(path: Path) -> Sequence[x25519.Identity]:
    lines = _read(path, "The identity file").decode(errors="replace").splitlines()
    keys = [key for line in lines if (key := line.strip()) and not key.startswith("#")]
    try:
        found = [x25519.Identity.from_str(key) for key in keys]
    except pyrage.IdentityError:
        found = []
    if not found:
        msg = f"{path} holds no private key of age (AGE-SECRET-KEY-1…)."
        raise OperatorError(msg)
    return found


def _put(path: Path, content: bytes, directory: int) -> None:
    """Write a file: whole, durable, or not at all."""
    draft = path.with_name(path.name + _DRAFT)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    os.fsync(directory)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"{what} {path} can't be read: {error.strerror}."
        raise OperatorError(msg) from None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
