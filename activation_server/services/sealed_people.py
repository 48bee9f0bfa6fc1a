"""A person of a license, opened and sealed again: every value for its own row, under one key."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from activation_server.crypto.sealed import Place, SealingKey
from activation_server.crypto.vault import (
    Vault,
    computer_place,
    drawer_of,
    key_place,
    person_place,
)
from activation_server.rules.person import PERSON, Computer, Known, Person, Role, index_parts
from activation_server.services.context import Context
from activation_server.store.people import StoredComputer, StoredPerson


@dataclass(frozen=True, slots=True)
class OpenPerson:
    """A person in clear, with the key that everything about them is sealed with."""

    license_id: UUID
    person_id: UUID
    role: Role
    wrapped_key: bytes = field(repr=False)
    key: SealingKey = field(repr=False)
    contacted_at: datetime
    person: Person = field(default_factory=Person)
    computers: Mapping[UUID, Computer] = field(default_factory=dict, repr=False)
    superseded: Collection[str] = field(default=frozenset(), repr=False)

    def known(self, outdated: Collection[str] = ()) -> Known:
        """Give what a decision on people needs; `outdated`: what of the news was put right."""
        count = len(self.computers)
        return Known(self.person_id, self.role, self.person, count, outdated=outdated)

    def names(self) -> Iterable[str]:
        """Give the names of the computers."""
        return [computer.name for computer in self.computers.values() if computer.name]

    def without(self, activation_id: UUID) -> "OpenPerson":
        """Give the person less a computer."""
        rest = {key: value for key, value in self.computers.items() if key != activation_id}
        return replace(self, computers=rest)


def new_person(context: Context, license_id: UUID, role: Role, now: datetime) -> OpenPerson:
    """Make a person of whom nothing is known yet."""
    person_id = context.randomness.uuid()
    vault, place = context.keyring.vault, key_place(license_id, person_id)
    wrapped = vault.new_wrapped_key(place)
    key = vault.unwrapped(wrapped, place)
    return OpenPerson(license_id, person_id, role, wrapped, key, now)


def open_person(
    context: Context,
    stored: StoredPerson,
    computers: Sequence[StoredComputer] = (),
    only: Collection[str] = PERSON,
) -> OpenPerson | None:
    """Open a person with their computers, or some columns `only`; `None` when erased.

    Raises SealBrokenError when the row is not as written.
    """
    if stored.wrapped_key is None:
        return None
    license_id, person_id = stored.license_id, stored.person_id
    place = key_place(license_id, person_id)
    key = context.keyring.vault.unwrapped(stored.wrapped_key, place)
    opened = {name: _open(key, getattr(stored, name), place.beside(name)) for name in only}
    return OpenPerson(
        license_id=license_id,
        person_id=person_id,
        role=stored.role,
        wrapped_key=stored.wrapped_key,
        key=key,
        contacted_at=stored.contacted_at,
        person=Person(**opened),
        computers={each.activation_id: _open_computer(key, each) for each in computers},
        superseded=frozenset(stored.superseded or ()),
    )


def seal_person(vault: Vault, opened: OpenPerson) -> StoredPerson:
    """Seal a person for the row, with the tokens of the index."""
    license_id, person_id = opened.license_id, opened.person_id
    sealed = {
        name: _seal(
            opened.key, getattr(opened.person, name), person_place(name, license_id, person_id)
        )
        for name in PERSON
    }
    return StoredPerson(
        license_id=license_id,
        person_id=person_id,
        role=opened.role,
        contacted_at=opened.contacted_at,
        wrapped_key=opened.wrapped_key,
        tokens=vault.tokens(index_parts(opened.person, opened.names()), drawer_of(license_id)),
        name=sealed["name"],
        company=sealed["company"],
        email=sealed["email"],
        superseded=sorted(opened.superseded) or None,
    )


def seal_computer(opened: OpenPerson, activation_id: UUID) -> StoredComputer:
    """Seal what is known of a person's computer for its row."""
    license_id, computer = opened.license_id, opened.computers[activation_id]
    name_place = computer_place("computer_name", license_id, activation_id)
    comments_place = computer_place("comments", license_id, activation_id)
    return StoredComputer(
        license_id=license_id,
        activation_id=activation_id,
        person_id=opened.person_id,
        computer_name=_seal(opened.key, computer.name, name_place),
        comments=_seal(opened.key, computer.comments, comments_place),
        commented_at=computer.commented_at,
    )


def _open_computer(key: SealingKey, stored: StoredComputer) -> Computer:
    row = (stored.license_id, stored.activation_id)
    return Computer(
        name=_open(key, stored.computer_name, computer_place("computer_name", *row)),
        comments=_open(key, stored.comments, computer_place("comments", *row)),
        commented_at=stored.commented_at,
    )


def _open(key: SealingKey, sealed: bytes | None, place: Place) -> str | None:
    return None if sealed is None else key.open(sealed, place).decode()


def _seal(key: SealingKey, text: str | None, place: Place) -> bytes | None:
    return key.seal(text.encode(), place) if text else None
