"""People on licenses: remembered as apps and orders tell of them, found again, shown."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from activation_server.crypto.vault import DRAWERS, drawer_of
from activation_server.rules.audit import Action
from activation_server.rules.errors import OperatorError
from activation_server.rules.person import (
    PERSON,
    Computer,
    Indexed,
    Known,
    Person,
    Profile,
    Role,
    Told,
    index_parts,
    masked,
    place,
    split_email,
)
from activation_server.rules.seat import Activation, Outcome
from activation_server.services import audit, consents, superseded
from activation_server.services.context import Context
from activation_server.services.sealed_people import (
    OpenPerson,
    new_person,
    open_person,
    seal_computer,
    seal_person,
)
from activation_server.store import holds
from activation_server.store import people as store
from activation_server.store.database import Connection
from activation_server.store.people import StoredComputer, StoredPerson, Used
from activation_server.store.planning import trust_index

ERASED = b""  # in place of the digest of what was told: nothing is to be stored
BATCH: Final = 500


# ---- Told by apps and orders.


def news(context: Context, activation: Activation, told: Told) -> bytes | None:
    """Give the digest of what an app tells of its user; `None` when there is nothing to store.

    That is when nothing is told, when it is what was told before, and, until the person activates
    anew, when the person's data was erased. To activate with a wish for the newsletter is news
    always: it asks again after a withdrawal.
    """
    asks_of_known = told.newsletter and bool(activation.told)
    if not told and not asks_of_known:
        return None
    checks_in = activation.last.outcome is Outcome.REACTIVATED
    erased = activation.told == ERASED and checks_in
    digest = context.keyring.digester.of_told(activation.activation_id, told.canonical())
    repeats = digest == activation.told and (checks_in or not told.newsletter)
    return None if erased or repeats else digest


async def remember(
    context: Context, connection: Connection, activation: Activation, told: Told, now: datetime
) -> None:
    """Store what an app tells of its user. The activation is locked, and written."""
    license_id, activation_id = activation.license_id, activation.activation_id
    await store.lock_license(connection, license_id)
    row = await store.computer(connection, license_id, activation_id)
    before = await find_one(context, connection, license_id, row.person_id) if row else None
    others = await _alike(context, connection, license_id, told.person)
    current = await _current(context, connection, before, told.person) if before else None
    placed = place(told.person, current, [_known(context, each, told.person) for each in others])
    known = {each.person_id: each for each in (before, *others) if each is not None}
    user = (
        known[placed.person_id]
        if placed.person_id is not None
        else new_person(context, license_id, Role.USER, now)
    )
    computer = before.computers[activation_id] if before else Computer()
    # A wish that comes with an address that was put right is for the old one.
    asks = told.newsletter and "email" not in _outdated(context, user, told.person)
    user = replace(
        user,
        person=placed.person,
        computers={**user.computers, activation_id: _with_news(computer, told, now)},
        contacted_at=now,
        superseded=superseded.after_news(user.superseded, user.person, placed.person),
    )
    await store.save(connection, seal_person(context.keyring.vault, user))
    await store.save_computer(connection, seal_computer(user, activation_id))
    wished = consents.wish(context, activation, newsletter=asks)
    await consents.noted(context, connection, user, wished, now, leaves=placed.leaves)
    if placed.leaves is not None:
        await store.remove(connection, license_id, placed.leaves)
    elif before is not None and before.person_id != user.person_id:
        rest = before.without(activation_id)
        await store.save(connection, seal_person(context.keyring.vault, rest))


def first_user(context: Context, activation: Activation, told: Told, now: datetime) -> OpenPerson:
    """Make the user of a license's first computer, of whose people nothing is known yet."""
    computers = {activation.activation_id: _with_news(Computer(), told, now)}
    user = new_person(context, activation.license_id, Role.USER, now)
    return replace(user, person=place(told.person, None, ()).person, computers=computers)


async def _current(
    context: Context, connection: Connection, person: OpenPerson, told: Person
) -> Known:
    ids = [(person.license_id, person.person_id)]
    held = await holds.of_people(connection, ids, context.now().date())
    return replace(_known(context, person, told), held=bool(held))


def _known(context: Context, person: OpenPerson, told: Person) -> Known:
    return person.known(_outdated(context, person, told))


def _outdated(context: Context, person: OpenPerson, told: Person) -> Collection[str]:
    return superseded.outdated(context, person.license_id, person.superseded, told)


async def add_buyers(
    context: Context,
    connection: Connection,
    license_ids: Sequence[UUID],
    person: Person,
    now: datetime,
) -> None:
    """Store who bought new licenses; sealed for each anew."""
    if person:
        new = [buyer(context, license_id, person, now) for license_id in license_ids]
        await store.add(connection, new)


def buyer(context: Context, license_id: UUID, person: Person, now: datetime) -> StoredPerson:
    """Seal who bought a license."""
    opened = new_person(context, license_id, Role.BUYER, now)
    return seal_person(context.keyring.vault, replace(opened, person=person))


def _with_news(known: Computer, told: Told, now: datetime) -> Computer:
    """Give what is known of a computer now; a comment's time is that of its first telling."""
    name = told.computer_name or known.name
    if told.comments is None or told.comments == known.comments:
        return replace(known, name=name)
    return Computer(name, told.comments, now)


async def find_one(
    context: Context, connection: Connection, license_id: UUID, person_id: UUID
) -> OpenPerson | None:
    """Give a person in clear, with the computers; `None` where there is none, or erased."""
    stored = await store.get(connection, license_id, person_id)
    if stored is None:
        return None
    computers = await store.computers_of(connection, license_id, person_id)
    return open_person(context, stored, computers)


async def _alike(
    context: Context, connection: Connection, license_id: UUID, person: Person
) -> Sequence[OpenPerson]:
    """Give the people of a license who may be this one."""
    named = [each for each in (Person(email=person.email), Person(name=person.name)) if each]
    vault, drawer = context.keyring.vault, drawer_of(license_id)
    tokens = [vault.tokens(index_parts(each, ()), drawer) for each in named or [person] if each]
    found = await store.alike(
        connection,
        license_id,
        [each for each in tokens if each],
        superseded.of(context, license_id, person),
    )
    opened = [await find_one(context, connection, license_id, each.person_id) for each in found]
    return [each for each in opened if each is not None]


# ---- Asked for by operators.


async def with_email(context: Context, connection: Connection, email: str) -> Sequence[Profile]:
    """Give everybody of an e-mail address, in every license.

    Raises OperatorError for what is no address: an empty one must never stand for everybody.
    """
    address = split_email(email)
    if not all(address):
        raise OperatorError("Give the whole e-mail address.")
    await trust_index(connection)
    token = context.keyring.vault.token
    tokens = {token(Indexed.EMAIL, "@".join(address), drawer) for drawer in range(DRAWERS)}
    candidates = await store.with_any_token(connection, tokens)
    profiles = []
    for start in range(0, len(candidates), BATCH):
        some = candidates[start : start + BATCH]
        ids = [(each.license_id, each.person_id) for each in some]
        computers = await store.computers_of_people(connection, ids)
        profiles += [
            profile_of(context, each, computers[each.license_id, each.person_id]) for each in some
        ]
    return [each for each in profiles if split_email(each.person.email or "") == address]


async def contacted(connection: Connection, license_id: UUID, now: datetime) -> None:
    """Count a contact with the people of a license, whom support spoke with."""
    await store.lock_license(connection, license_id)
    await store.contact(connection, license_id, now)


async def wish(context: Context, email: str, months: int | None, reason: str | None = None) -> int:
    """Note for how long a person wishes to be remembered after the last contact.

    `None`: as everybody. Gives for how many licenses; counts from the next retention run on.
    """

    async def work(connection: Connection) -> int:
        profiles = await with_email(context, connection, email)
        for profile in profiles:
            await store.keep(connection, profile.license_id, profile.person_id, months)
        if profiles:
            details = {"people": len(profiles), "months": months}
            await audit.note(context, connection, Action.WISH_NOTED, details=details, why=reason)
        return len(profiles)

    return await context.database.transact(work)


@dataclass(slots=True)
class People:
    """People of a license, the buyers first, and how many there are, less who was erased."""

    profiles: list[Profile] = field(default_factory=list)
    total: int = 0


async def of_licenses(
    context: Context,
    connection: Connection,
    license_ids: Collection[UUID],
    most: int | None = None,
) -> Mapping[UUID, People]:
    """Give the people of licenses: of each so many at most, or all; and so their computers."""
    stored = await store.of_licenses(connection, license_ids, most)
    ids = [(one.license_id, one.person_id) for one, _ in stored]
    computers = await store.computers_of_people(connection, ids, most)
    known = {license_id: People() for license_id in license_ids}
    for one, total in stored:
        people = known[one.license_id]
        people.profiles.append(profile_of(context, one, computers[one.license_id, one.person_id]))
        people.total = total
    return known


async def names_of_computers(
    context: Context,
    connection: Connection,
    license_id: UUID,
    computers: Collection[Activation],
    shown: Collection[Profile],
    *,
    clear: bool,
) -> Mapping[UUID, str]:
    """Give the names of computers of a license, also of those whose people are not `shown`.

    Masked as the people are, but where it is `clear`.
    """
    known = {each: of for person in shown for each, of in person.computers.items()}
    names = {each: of.name for each, of in known.items() if of.name}
    others = [each.activation_id for each in computers if each.activation_id not in known]
    if others:
        found = await _names_of(context, connection, license_id, others)
        names |= {each: name if clear else masked(name) or "" for each, name in found.items()}
    return names


async def _names_of(
    context: Context, connection: Connection, license_id: UUID, activation_ids: Collection[UUID]
) -> Mapping[UUID, str]:
    theirs = defaultdict[UUID, list[StoredComputer]](list)
    for one in await store.by_computers(connection, license_id, activation_ids):
        theirs[one.person_id].append(one)
    names: dict[UUID, str] = {}
    for person in await store.by_ids(connection, [(license_id, each) for each in theirs]):
        opened = open_person(context, person, theirs[person.person_id], only=())
        computers = {} if opened is None else opened.computers
        names |= {each: known.name for each, known in computers.items() if known.name}
    return names


def profile_of(context: Context, stored: StoredPerson, used: Used | None = None) -> Profile:
    """Open what is known of a person, with the computers that are given."""
    used = used or Used()
    opened = open_person(context, stored, used.computers)
    person = Person() if opened is None else opened.person
    return Profile(
        license_id=stored.license_id,
        person_id=stored.person_id,
        role=stored.role,
        contacted_at=stored.contacted_at,
        erased_at=stored.erased_at,
        person=person,
        computers={} if opened is None else opened.computers,
        computers_total=0 if opened is None else used.total,
        version=_version(context, stored, person),
    )


def _version(context: Context, stored: StoredPerson, person: Person) -> str:
    values = [str(getattr(person, name) or "") for name in PERSON]
    told = "\x00".join([str(stored.erased_at or ""), *values]).encode()
    return context.keyring.digester.of_person_version(stored.person_id, told).hex()
