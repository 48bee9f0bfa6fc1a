"""Erasures, remembered outside the database: what a restored backup has to lose again.

The ledger is a chain of entries without personal data, in a file apart from the database; the
database holds how far of it was carried out. After an older backup is restored, it holds less.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from activation_server.rules import personal_data as kind
from activation_server.rules.data_kind import DataKind
from activation_server.rules.retention import CONTACT

# What is gone once a person's key and the key of words on the license are destroyed.
_GONE: Final = frozenset(
    each.name
    for each in (
        kind.NAME,
        kind.EMAIL,
        kind.COMPUTER_NAME,
        kind.COMMENT,
        kind.CONSENT,
        kind.CONSENT_ADDRESS,
        kind.TOLD,
        kind.PERSON_KEY,
        kind.WORDS,
        kind.SEALED_REASON,
    )
)


class Erased(StrEnum):
    """What an entry of the ledger is about."""

    PERSON = "person"  # one row: its license and id
    EMAIL = "email"  # everybody of an address whom there was no contact with since
    SUPPRESSED = "suppressed"  # an address that gets no newsletter
    LIFTED = "lifted"  # an address that does again, since it was confirmed anew


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is to be entered: a keyed digest, from which nothing can be read."""

    kind: Erased
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """An entry; `mac` covers it and the one before."""

    number: int  # from 1 up
    at: datetime
    erasure: Erasure
    mac: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Position:
    """How far of the ledger a database has carried out; entry 0 is none."""

    number: int = 0
    mac: bytes = field(default=b"", repr=False)


class LedgerStanding(StrEnum):
    """How a database and the ledger stand to each other."""

    CURRENT = "current"
    BEHIND = "behind"  # an older backup was restored: entries are to be carried out again
    LOST = "lost"  # the ledger lacks entries that the database has carried out, or is another one


def standing(entries: Sequence[LedgerEntry], position: Position) -> LedgerStanding:
    """Compare the ledger with how far of it the database has carried out."""
    if position.number > len(entries):
        return LedgerStanding.LOST
    if position.number and entries[position.number - 1].mac != position.mac:
        return LedgerStanding.LOST
    return LedgerStanding.CURRENT if position.number == len(entries) else LedgerStanding.BEHIND


def end(entries: Sequence[LedgerEntry]) -> Position:
    """Give the position of a database that has carried out all entries."""
    return Position(len(entries), entries[-1].mac) if entries else Position()


def goes(kept: DataKind) -> bool:
    """Tell whether an erasure takes a kind of data; the rest stays with the license."""
    of_person = kept.name == kind.INDEX.name and kept.retention is CONTACT
    return of_person or kept.name in _GONE
