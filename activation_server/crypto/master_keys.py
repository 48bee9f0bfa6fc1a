"""The master keys that wrap all other keys: the current one, and the one that it replaces.

What a master key wraps says which one it was. The file is read again when it changed, so that
every process follows a rotation without a restart.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from activation_server.crypto import master_key
from activation_server.crypto.master_key import MasterKeyError
from activation_server.crypto.sealed import Place, SealBrokenError, SealingKey

ID_BYTES: Final = 4


@dataclass(slots=True)
class MasterKeys:
    """Wraps with the current master key, unwraps with any that there is."""

    keys: Mapping[bytes, SealingKey] = field(repr=False)  # by their names, the current one first
    random_bytes: Callable[[int], bytes] = field(repr=False)
    path: Path | None = None
    _seen: object = None

    @classmethod
    def of(cls, keys: Sequence[bytes], random_bytes: Callable[[int], bytes]) -> "MasterKeys":
        """Make master keys that stay as they are."""
        return cls(_named(keys, random_bytes), random_bytes)

    @classmethod
    def of_file(cls, path: Path, random_bytes: Callable[[int], bytes]) -> "MasterKeys":
        """Read master keys from their file; raises MasterKeyError."""
        seen, keys = _version(path), master_key.load(path)
        return cls(_named(keys, random_bytes), random_bytes, path, seen)

    def current_id(self) -> bytes:
        """Give what everything that the current key wraps begins with."""
        self._follow()
        return next(iter(self.keys))

    def wrap(self, plain: bytes, place: Place) -> bytes:
        """Seal a key with the current master key, for one place."""
        current = self.current_id()
        return current + self.keys[current].seal(plain, place)

    def unwrap(self, wrapped: bytes, place: Place) -> bytes:
        """Open a wrapped key; raises SealBrokenError when no master key here does."""
        name, sealed = wrapped[:ID_BYTES], wrapped[ID_BYTES:]
        if name not in self.keys:
            self._follow()
        if name not in self.keys:
            msg = f"no master key here wrapped what is in {place.table}.{place.column}"
            raise SealBrokenError(msg)
        return self.keys[name].open(sealed, place)

    def begin_rotation(self, new: bytes) -> None:
        """Write a new current key into the file, before the one that it replaces."""
        self._replace([new, *(held.key for held in self.keys.values())])

    def end_rotation(self) -> None:
        """Leave the current key alone in the file: what another one wraps is lost."""
        self._replace([self.keys[self.current_id()].key])

    def _replace(self, keys: Sequence[bytes]) -> None:
        if self.path is None:
            raise MasterKeyError("The master key comes from no file, so it can't be replaced.")
        try:
            master_key.replace(self.path, keys)
        except OSError as error:
            msg = (
                f"The master key file {self.path} can't be written ({error.strerror}); run this "
                "as a user who may, with room on the disk."
            )
            raise MasterKeyError(msg) from None
        self._follow()

    def _follow(self) -> None:
        """Read the file again if it changed; one that can't be read changes nothing."""
        if self.path is None or (version := _version(self.path)) in {None, self._seen}:
            return
        try:
            self.keys = _named(master_key.load(self.path), self.random_bytes)
        except MasterKeyError:
            return
        self._seen = version


def key_id(key: bytes) -> bytes:
    """Give a master key's name: the first bytes of a digest of it."""
    return hashlib.sha256(b"master key\x00" + key).digest()[:ID_BYTES]


def _named(
    keys: Sequence[bytes], random_bytes: Callable[[int], bytes]
) -> Mapping[bytes, SealingKey]:
    return {key_id(key): SealingKey(key, random_bytes) for key in keys}


def _version(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)
