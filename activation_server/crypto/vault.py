"""What is known of people, sealed: a key for each person and license, and the blind index.

The key is wrapped by the master key; destroyed, everything sealed with it is gone, wherever a copy
of it lies. The index holds keyed digests that are cut short, so that many people share each.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from activation_server.crypto.master_keys import MasterKeys
from activation_server.crypto.sealed import KEY_BYTES, Place, SealingKey
from activation_server.rules.folding import is_unspaced
from activation_server.rules.person import Indexed

# Bits of a digest. Of a person with two words in the name, as most have, the index tells 18 bits
# of the name, and as many of each other field: of 1,000,000 people about 4 are alike in each, so
# that the index alone names nobody. An address is looked for by both its parts: 18 bits again.
BITS: Final = {
    Indexed.NAME: 9,
    Indexed.COMPANY: 9,
    Indexed.COMPUTER: 9,
    Indexed.EMAIL: 10,
    Indexed.DOMAIN: 8,
    Indexed.ORDER: 18,
}
UNSPACED_BITS: Final = 6  # of one character of a script without spaces: names have two to four
_FIELD_SHIFT: Final = 24
_FIELDS: Final = {kind: number for number, kind in enumerate(Indexed, 1)}


@dataclass(frozen=True, slots=True)
class Vault:
    """Makes and opens the keys of people, and the tokens that people are found by."""

    master: MasterKeys
    index_key: bytes = field(repr=False)

    def new_wrapped_key(self, place: Place) -> bytes:
        """Make a key, as it is stored."""
        return self.master.wrap(self.master.random_bytes(KEY_BYTES), place)

    def unwrapped(self, wrapped: bytes, place: Place) -> SealingKey:
        """Unwrap a key; raises SealBrokenError."""
        return SealingKey(self.master.unwrap(wrapped, place), self.master.random_bytes)

    def tokens(self, parts: Iterable[tuple[Indexed, str]]) -> list[int]:
        """Give the tokens of what a person is found by, in order, each once."""
        return sorted({self.token(kind, part) for kind, part in parts})

    def token(self, kind: Indexed, part: str) -> int:
        """Give one token: which field it is of, and the first bits of a keyed digest."""
        bits = UNSPACED_BITS if _is_character(kind, part) else BITS[kind]
        digest = hmac.digest(self.index_key, f"{kind}\x00{part}".encode(), hashlib.sha256)
        return _FIELDS[kind] << _FIELD_SHIFT | int.from_bytes(digest[:4]) >> 32 - bits


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


def _is_character(kind: Indexed, part: str) -> bool:
    worded = kind in {Indexed.NAME, Indexed.COMPANY, Indexed.COMPUTER}
    return worded and len(part) == 1 and is_unspaced(part)
