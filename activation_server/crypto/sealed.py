"""AES-256-GCM (NIST SP 800-38D) for values at rest, bound to the place they are kept in."""

import dataclasses
from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from activation_server.rules.values import dataclass

KEY_BYTES = 32
NONCE_BYTES = 12


class SealBrokenError(Exception):
    """A sealed value does not open: another key, another place, or a changed byte."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value is kept; moved to another place, it does not open."""

    table: str
    column: str
    row: str

    def associated_data(self) -> bytes:
        """Give the bytes that bind a sealed value to this place."""
        return f"{self.table}\x00{self.column}\x00{self.row}".encode()

    def beside(self, column: str) -> "Place":
        """Give the place of another column in the same row."""
        return Place(self.table, column, self.row)


@dataclasses.dataclass(frozen=True, slots=True)
class SealingKey:
    """A key that seals and opens; silent in its repr."""

    key: bytes = field(repr=False)
    random_bytes: Callable[[int], bytes] = field(repr=False)
    _cipher: AESGCM = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Set the key up once, however many values it opens."""
        object.__setattr__(self, "_cipher", AESGCM(self.key))

    def seal(self, plain: bytes, place: Place) -> bytes:
        """Encrypt for one place: 12 bytes of nonce, then the ciphertext with its tag."""
        nonce = self.random_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, place.associated_data())

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Decrypt what was sealed for this place; raises SealBrokenError."""
        return opened(self._cipher, sealed, place)


def opened(cipher: AESGCM, sealed: bytes, place: Place) -> bytes:
    """Decrypt what was sealed for this place; raises SealBrokenError."""
    nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return cipher.decrypt(nonce, ciphertext, place.associated_data())
    except (InvalidTag, ValueError):
        msg = f"the sealed value in {place.table}.{place.column} does not open with this key"
        raise SealBrokenError(msg) from None
