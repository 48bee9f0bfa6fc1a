"""Passwords, as Argon2id digests (RFC 9106)."""

from dataclasses import dataclass, field
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

SALT_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Argon2:
    """Digests and compares; each takes some 50 ms and 64 MiB (RFC 9106, section 4)."""

    _hasher: PasswordHasher = field(default_factory=PasswordHasher, repr=False)

    def digest(self, password: str, salt: bytes) -> str:
        """Digest a password; the digest tells its parameters and the salt."""
        return self._hasher.hash(password, salt=salt)

    def matches(self, digest: str, password: str) -> bool:
        """Tell whether a digest is of this password."""
        try:
            return self._hasher.verify(digest, password)
        except VerifyMismatchError:
            return False
