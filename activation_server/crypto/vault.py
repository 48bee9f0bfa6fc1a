"""What is known of people, sealed: a key for each person and license, and the blind index.

The key is wrapped by the master key; destroyed, everything sealed with it is gone, wherever a copy
of it lies. The index holds keyed digests that are cut short, so that many people share each.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from activation_server.crypto.mac import Mac
from activation_server.crypto.master_keys import MasterKeys
from activation_server.crypto.sealed import KEY_BYTES, Place, SealingKey, opened
from activation_server.rules.folding import BEGINNING, is_unspaced
from activation_server.rules.person import Indexed, Part

# Bits of a digest. Of 10,000,000 people with three words each about 3,700 share, by chance, the
# token of a word's first three letters, 230 that of its first five, and 2 that of an address.
BITS: Final = {
    Indexed.WORD: 13,  # of three letters; each of the next two tells two bits more
    Indexed.COMPUTER: 13,
    Indexed.DOMAIN: 10,
    Indexed.EMAIL: 22,  # the first of them are the domain's
    Indexed.ORDER: 22,
}
LETTER_BITS: Final = 2
UNSPACED_BITS: Final = 7  # of one character of a script without spaces: names have two to four
# The index is kept in so many drawers, each with tokens of its own: a search for what very many
# have stops after some of them, and who is alike in two drawers doesn't show.
DRAWERS: Final = 32
_DRAWER_SHIFT: Final = 22
_FIELD_SHIFT: Final = 27
_WORDED: Final = {Indexed.WORD: 1, Indexed.COMPUTER: 5}  # and one more for each further letter
_CHARACTER: Final = 3  # … and for one character of a script without spaces
_WHOLE: Final = {Indexed.EMAIL: 9, Indexed.DOMAIN: 10, Indexed.ORDER: 11}


@dataclass(frozen=True, slots=True)
class Vault:
    """Makes and opens the keys of people, and the tokens that people are found by."""

    master: MasterKeys
    index: Mac

    def new_wrapped_key(self, place: Place) -> bytes:
        """Make a key, as it is stored."""
        return self.master.wrap(self.master.random_bytes(KEY_BYTES), place)

    def unwrapped(self, wrapped: bytes, place: Place) -> SealingKey:
        """Unwrap a key; raises SealBrokenError."""
        return SealingKey(self.master.unwrap(wrapped, place), self.master.random_bytes)

    def texts(
        self,
        home: Place,
        wrapped: bytes,
        columns: Iterable[str],
        sealed: Iterable[bytes | None],
    ) -> list[str]:
        """Open some columns of a person: as little as it takes, for a search opens very many.

        `home` is where the key is kept. Of what is not known the text is empty. Raises
        SealBrokenError.
        """
        cipher = AESGCM(self.master.unwrap(wrapped, home))
        return [
            "" if value is None else opened(cipher, value, home.beside(column)).decode()
            for column, value in zip(columns, sealed, strict=True)
        ]

    def tokens(self, parts: Iterable[Part], drawer: int) -> list[int]:
        """Give the tokens of what a person is found by, in order, each once."""
        known: dict[Part, int] = {}
        return sorted({self.token(kind, part, drawer, known) for kind, part in parts})

    def token(
        self, kind: Indexed, part: str, drawer: int = 0, known: dict[Part, int] | None = None
    ) -> int:
        """Give one token: what it is of, its drawer, and the first bits of keyed digests.

        `known` are bits that were made for others of the same drawer; it gets those made now.
        """
        field_ = _WHOLE[kind] if kind in _WHOLE else _WORDED[kind] + _length(part)
        bits = self._bits(kind, part, drawer, {} if known is None else known)
        return field_ << _FIELD_SHIFT | drawer << _DRAWER_SHIFT | bits

    def _bits(self, kind: Indexed, part: str, drawer: int, known: dict[Part, int]) -> int:
        """Give the bits of a part: those of what it begins with, then its own."""
        if (kind, part) in known:
            return known[kind, part]
        before, width = 0, BITS[kind]
        if kind is Indexed.EMAIL:
            before = self._bits(Indexed.DOMAIN, part.rpartition("@")[2], drawer, known)
            width -= BITS[Indexed.DOMAIN]
        elif kind in _WORDED and len(part) > BEGINNING:
            before, width = self._bits(kind, part[:-1], drawer, known), LETTER_BITS
        elif kind in _WORDED and _is_character(part):
            width = UNSPACED_BITS
        text = f"{kind}\x00{drawer}\x00{part}".encode()
        digest = self.index.of(text)
        known[kind, part] = bits = before << width | int.from_bytes(digest[:4]) >> 32 - width
        return bits


def drawer_of(license_id: UUID) -> int:
    """Give the drawer of the index that the people of a license are in."""
    return license_id.bytes[-1] % DRAWERS


def key_place(license_id: UUID, person_id: UUID) -> Place:
    """Where a person's wrapped key is kept."""
    return Place("people", "wrapped_key", f"{license_id}/{person_id}")


def note_key_place(license_id: UUID) -> Place:
    """Where the wrapped key of operators' words on a license is kept."""
    return Place("note_keys", "wrapped_key", str(license_id))


def words_place(event_id: UUID) -> Place:
    """Where the words of an event are kept."""
    return Place("events", "words", str(event_id))


def person_place(column: str, license_id: UUID, person_id: UUID) -> Place:
    """Where a sealed value of a person is kept."""
    return Place("people", column, f"{license_id}/{person_id}")


def computer_place(column: str, license_id: UUID, activation_id: UUID) -> Place:
    """Where a sealed value of a computer is kept."""
    return Place("person_computers", column, f"{license_id}/{activation_id}")


def _length(part: str) -> int:
    return _CHARACTER if _is_character(part) else max(len(part) - BEGINNING, 0)


def _is_character(part: str) -> bool:
    return len(part) == 1 and is_unspaced(part)
