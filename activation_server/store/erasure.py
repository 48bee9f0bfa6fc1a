"""What an erasure writes, and how far of the ledger the database has carried out."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.erasure import Position
from activation_server.rules.person import Role
from activation_server.store.arrays import GIVEN_PAIRS, given_pairs
from activation_server.store.people import StoredPerson
from activation_server.store.tables import (
    activations,
    erasure_position,
    newsletter_consents,
    people,
    person_computers,
)

_P, _C, _A, _N = people.c, person_computers.c, activations.c, newsletter_consents.c
PAGE = 5000


async def position(connection: AsyncConnection, *, lock: bool = False) -> Position:
    """Give how far of the ledger this database has carried out."""
    columns = erasure_position.c
    question = select(columns.number, columns.mac)
    row = (await connection.execute(question.with_for_update() if lock else question)).one_or_none()
    return Position() if row is None else Position(*row)


async def save_position(connection: AsyncConnection, position: Position) -> None:
    """Write how far of the ledger this database has carried out."""
    values = {"number": position.number, "mac": position.mac}
    new = insert(erasure_position).values(one=True, **values)
    await connection.execute(
        new.on_conflict_do_update(index_elements=[erasure_position.c.one], set_=values)
    )


_LOCK_COMPUTERS: Final = (
    select(_A.activation_id)
    .where(
        tuple_(_A.license_id, _A.activation_id).in_(
            select(_C.license_id, _C.activation_id).where(
                tuple_(_C.license_id, _C.person_id).in_(GIVEN_PAIRS)
            )
        )
    )
    .order_by(_A.license_id, _A.activation_id)
    .with_for_update()
)


async def lock_computers(
    connection: AsyncConnection, people_ids: Collection[tuple[UUID, UUID]]
) -> None:
    """Lock the computers that people use, each person named by license and id."""
    await connection.execute(_LOCK_COMPUTERS, given_pairs(people_ids))


async def erase_person(
    connection: AsyncConnection, license_id: UUID, person_id: UUID, at: datetime, told: bytes
) -> tuple[int, int]:
    """Destroy a person's key, and everything that is known of them.

    Gives how many people that were, none when it was done before, and how many computers were
    theirs. `told` stands in place of the digests of what their computers told.
    """
    theirs = select(_C.activation_id).where(_C.license_id == license_id, _C.person_id == person_id)
    await connection.execute(
        update(activations)
        .where(_A.license_id == license_id, _A.activation_id.in_(theirs))
        .values(told_digest=told)
    )
    computers = await connection.execute(
        delete(person_computers).where(_C.license_id == license_id, _C.person_id == person_id)
    )
    await connection.execute(
        delete(newsletter_consents).where(_N.license_id == license_id, _N.person_id == person_id)
    )
    nothing = dict.fromkeys(("wrapped_key", "name", "company", "email", "superseded"))
    gone = await connection.execute(
        update(people)
        .where(_P.license_id == license_id, _P.person_id == person_id, _P.erased_at.is_(None))
        .values(**nothing, tokens=[], erased_at=at)
    )
    return gone.rowcount, computers.rowcount


async def page_of_people(
    connection: AsyncConnection, after: tuple[UUID, UUID] | None
) -> Sequence[StoredPerson]:
    """Give the next people who are not erased, in the order of their ids, with their addresses."""
    question = (
        select(_P.license_id, _P.person_id, _P.role, _P.contacted_at, _P.wrapped_key, _P.email)
        .where(_P.erased_at.is_(None))
        .order_by(_P.license_id, _P.person_id)
        .limit(PAGE)
    )
    if after is not None:
        question = question.where(tuple_(_P.license_id, _P.person_id) > after)
    return [
        StoredPerson(
            license_id=row.license_id,
            person_id=row.person_id,
            role=Role(row.role),
            contacted_at=row.contacted_at,
            wrapped_key=row.wrapped_key,
            email=row.email,
        )
        for row in await connection.execute(question)
    ]
