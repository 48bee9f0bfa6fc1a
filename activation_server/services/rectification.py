"""A person's data put right on their word (article 16 of the GDPR), in one license or in all.

What was put right stays until an app tells something new: `superseded.py` knows what it repeats. No
clock of retention is set by it: putting a name right is no contact with whoever uses the license.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from activation_server.formats import person as fields
from activation_server.rules.audit import Action
from activation_server.rules.errors import NotFoundError, OperatorError
from activation_server.rules.history import Event, EventKind
from activation_server.rules.person import PERSON, Person, Profile
from activation_server.services import audit, consents, people, superseded
from activation_server.services.calls import add_event
from activation_server.services.context import Context
from activation_server.services.sealed_people import OpenPerson, seal_person
from activation_server.store import holds, licenses
from activation_server.store import people as store
from activation_server.store.database import Connection

Named = tuple[UUID, UUID]  # a person: the license, and who of it
_CALLED: Final = {"name": "Name", "company": "Company", "email": "E-mail"}


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be right from now on, by field; `None` takes it away, the others stay."""

    values: Mapping[str, str | None] = field(repr=False)
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Corrected:
    """What was put right, or would be; a person counts once for each license."""

    people: int = 0
    licenses: Sequence[UUID] = ()
    fields: Sequence[str] = ()
    consents_ended: int = 0  # to the newsletter: they were for the old address


async def correct(context: Context, email: str, correction: Correction) -> Corrected:
    """Put right what is known of everybody of an e-mail address, in every license.

    Repeated, there is nothing to do. Raises OperatorError, and does nothing to anybody then.
    """
    right = _checked(correction)

    async def work(connection: Connection) -> Corrected:
        found = await people.with_email(context, connection, email)
        return await _correct(context, connection, _named(found), right)

    return await context.database.transact(work)


async def correct_one(
    context: Context,
    license_id: UUID,
    person_id: UUID,
    correction: Correction,
    *,
    everywhere: bool = False,
) -> Corrected:
    """Put right what is known of a person of a license.

    `everywhere`: and of everybody who has the same e-mail address. Raises OperatorError.
    """
    right = _checked(correction)

    async def work(connection: Connection) -> Corrected:
        profile = await require(context, connection, license_id, person_id)
        if profile.erased_at is not None:
            raise OperatorError("This person was erased: there is nothing to put right.")
        email = profile.person.email if everywhere else None
        found = await people.with_email(context, connection, email) if email else ()
        named = {(license_id, person_id), *_named(found)}
        return await _correct(context, connection, sorted(named), right)

    return await context.database.transact(work)


async def find(context: Context, license_id: UUID, person_id: UUID) -> Profile:
    """Give a person of a license as it is to be put right. Raises NotFoundError."""

    async def work(connection: Connection) -> Profile:
        return await require(context, connection, license_id, person_id)

    return await context.database.transact(work)


async def require(
    context: Context, connection: Connection, license_id: UUID, person_id: UUID
) -> Profile:
    """Give a person of a license, which is locked. Raises NotFoundError."""
    stored = None
    if await licenses.get(connection, license_id, lock=True) is not None:
        stored = await store.get(connection, license_id, person_id)
    if stored is None:
        raise NotFoundError("There is no such person on this license.")
    return people.profile_of(context, stored)


def _named(profiles: Sequence[Profile]) -> Sequence[Named]:
    return sorted((each.license_id, each.person_id) for each in profiles)


def _checked(correction: Correction) -> Correction:
    """See that a correction says something, and what may be stored. Raises OperatorError."""
    values = {name: (text or "").strip() or None for name, text in correction.values.items()}
    if not correction.reason.strip():
        raise OperatorError("Say why it is put right.")
    if not values:
        raise OperatorError("Say what is to be put right: name, company or e-mail address.")
    for name, text in values.items():
        if fault := fields.fault(name, text or ""):
            raise OperatorError(f"{_CALLED[name]}: {fault}.")
    return replace(correction, values=values)


async def _correct(
    context: Context, connection: Connection, named: Sequence[Named], right: Correction
) -> Corrected:
    """Put people right, all or nobody; noted for each license."""
    await _lock(context, connection, named)
    changed: list[OpenPerson] = []
    names: set[str] = set()
    for license_id, person_id in named:
        known = await people.find_one(context, connection, license_id, person_id)
        if known is not None and (others := _others(known.person, right)):
            names |= others
            changed.append(await _save(context, connection, known, right))
    now = context.now()
    ended = [await consents.noted(context, connection, each, None, now) for each in changed]
    license_ids = sorted({each.license_id for each in changed})
    told = [name for name in PERSON if name in names]
    await _note(context, connection, license_ids, told, right.reason)
    return Corrected(len(changed), tuple(license_ids), tuple(told), sum(ended))


def _others(known: Person, right: Correction) -> set[str]:
    """Give what of a person becomes another. Raises OperatorError where nothing would be left."""
    if not replace(known, **right.values):
        raise OperatorError("Nothing would be left of the person: erase them instead.")
    return {name for name, text in right.values.items() if getattr(known, name) != text}


async def _save(
    context: Context, connection: Connection, known: OpenPerson, right: Correction
) -> OpenPerson:
    person = replace(known.person, **right.values)
    marks = superseded.after(context, known.license_id, known.superseded, known.person, person)
    put_right = replace(known, person=person, superseded=marks)
    await store.save(connection, seal_person(context.keyring.vault, put_right))
    return put_right


async def _note(
    context: Context,
    connection: Connection,
    license_ids: Sequence[UUID],
    told: Sequence[str],
    reason: str,
) -> None:
    """Write into histories and the audit log which fields were put right, and why: no value."""
    for license_id in license_ids:
        event = Event(EventKind.PERSON_CORRECTED, {"fields": told, "reason": reason})
        await add_event(context, connection, license_id, event)
    for license_id in license_ids:
        await audit.note(
            context,
            connection,
            Action.PERSON_CORRECTED,
            license_id=license_id,
            details={"fields": told},
            why=reason,
        )


async def _lock(context: Context, connection: Connection, named: Sequence[Named]) -> None:
    """Lock licenses, then their people. Raises OperatorError where one is held.

    What a dispute is about must not be written over: holds are placed under these locks.
    """
    license_ids = sorted({license_id for license_id, _ in named})
    for license_id in license_ids:
        await licenses.get(connection, license_id, lock=True)
    for license_id in license_ids:
        await store.lock_license(connection, license_id)
    found = await holds.of_people(connection, named, context.now().date()) if named else ()
    if found:
        which = ", ".join(f"{hold.hold_id} (until {hold.until})" for hold in found)
        raise OperatorError(f"Nothing was put right: there is a legal hold: {which}.")
