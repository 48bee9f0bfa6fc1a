"""What is said of each kind of data that the server stores, and of the tables that hold it.

Categories and uses are keys of the fideslang taxonomy, legal bases have its names.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

from activation_server.rules.retention import Retention


class LegalBasis(StrEnum):
    """What allows to process data about a person: article 6 of the GDPR, in fideslang's names."""

    CONSENT = "Consent"
    CONTRACT = "Contract"
    LEGAL_OBLIGATION = "Legal obligations"
    LEGITIMATE_INTEREST = "Legitimate interests"


# Whom data is about, in fideslang's words: it has no finer one for whoever uses a license.
CUSTOMER: Final = "customer"
EMPLOYEE: Final = "employee"


@dataclass(frozen=True, slots=True)
class DataKind:
    """A kind of data, with the four facts that allow to store it."""

    name: str
    holds: str
    categories: tuple[str, ...]
    uses: tuple[str, ...]
    purpose: str
    legal_basis: LegalBasis | None  # none: it is about no person
    retention: Retention
    subject: str = CUSTOMER  # the person, where it is about one

    def __post_init__(self) -> None:
        """Refuse a kind that leaves a fact out."""
        if not (self.name and self.holds and self.categories and self.uses and self.purpose):
            msg = f"A kind of data lacks a fact: {self.name!r}"
            raise ValueError(msg)
        if self.is_about_a_person() == (self.legal_basis is None):
            msg = f"Data about a person needs a legal basis, other data has none: {self.name!r}"
            raise ValueError(msg)

    def is_about_a_person(self) -> bool:
        """Whether a person may be found through it, however far the way."""
        return any(category.partition(".")[0] == "user" for category in self.categories)

    def kept(self, retention: Retention) -> Self:
        """Give the same kind of data, kept as another class."""
        return replace(self, retention=retention)


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """A column of the database, and what it holds."""

    name: str
    kind: DataKind


@dataclass(frozen=True, slots=True)
class MappedTable:
    """A table of the database, and what it is about."""

    name: str
    about: str
    columns: Sequence[MappedColumn]
