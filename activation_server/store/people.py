"""People on licenses, as sealed: their rows, their computers, and the search by tokens."""

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    bindparam,
    delete,
    func,
    or_,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import cast
from sqlalchemy.types import Integer, Text

from activation_server.rules.person import Role
from activation_server.store.arrays import GIVEN, GIVEN_PAIRS, given_pairs, is_given
from activation_server.store.tables import people, person_computers

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from activation_server.rules.values import dataclass

_P, _C = people.c, person_computers.c


@dataclass(frozen=True, slots=True)
class StoredPerson:
    """A person on a license; without a key the person is erased."""

    license_id: UUID
    person_id: UUID
    role: Role
    contacted_at: datetime
    wrapped_key: bytes | None = field(repr=False)
    name: bytes | None = field(default=None, repr=False)
    company: bytes | None = field(default=None, repr=False)
    email: bytes | None = field(default=None, repr=False)
    tokens: Sequence[int] = field(default=(), repr=False)
    superseded: Sequence[str] | None = field(default=None, repr=False)  # what was put right
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredComputer:
    """Who uses a computer, and what is known of it."""

    license_id: UUID
    activation_id: UUID
    person_id: UUID
    computer_name: bytes | None = field(default=None, repr=False)
    comments: bytes | None = field(default=None, repr=False)
    commented_at: datetime | None = None


@dataclasses.dataclass(slots=True)
class Used:
    """Computers that a person uses: some of them, and how many there are."""

    computers: list[StoredComputer] = field(default_factory=list)
    total: int = 0


# By license and person; of somebody who uses none, none.
UsedBy: TypeAlias = defaultdict[tuple[UUID, UUID], Used]

_PERSON = [_P[name] for name in StoredPerson.__slots__]
_COMPUTER = [_C[name] for name in StoredComputer.__slots__]


def _person(row: Sequence[Any]) -> StoredPerson:
    license_id, person_id, role, *rest = row
    return StoredPerson(license_id, person_id, Role(role), *rest)


async def lock_license(connection: AsyncConnection, license_id: UUID) -> None:
    """Let nobody else change the people of a license until this transaction has ended.

    The last lock that is taken. Not the license's row: a check-in, which holds its activation,
    would take it in the wrong order.
    """
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(:key)"), {"key": _lock_key(license_id)}
    )


_TRY_LOCK: Final = text(
    "SELECT key FROM unnest(:keys) AS key WHERE pg_try_advisory_xact_lock(key)"
).bindparams(bindparam("keys", type_=ARRAY(BigInteger)))


async def try_lock_licenses(
    connection: AsyncConnection, license_ids: Collection[UUID]
) -> Collection[UUID]:
    """Lock the people of licenses as `lock_license` does; give those that nobody else has."""
    keys = {_lock_key(license_id): license_id for license_id in license_ids}
    rows = await connection.execute(_TRY_LOCK, {"keys": list(keys)})
    return {keys[key] for key in rows.scalars()}


def _lock_key(license_id: UUID) -> int:
    return int.from_bytes(license_id.bytes[:8], signed=True)


_WANTED: Final = GIVEN.table_valued("license_id", name="wanted").render_derived()
_BUYERS_FIRST: Final = ("role", "contacted_at", "person_id")
_FIRST: Final = (
    select(*_PERSON, func.count().filter(_P.erased_at.is_(None)).over().label("total"))
    .where(_P.license_id == _WANTED.c.license_id)
    .order_by(
        func.coalesce(_P.name, _P.company, _P.email).is_(None),  # who can't be named comes last
        *(_P[name] for name in _BUYERS_FIRST),
    )
    .limit(bindparam("most", type_=Integer))
    .lateral("known")
)
_OF_LICENSES: Final = (
    select(_FIRST)
    .select_from(_WANTED.join(_FIRST, true()))
    .order_by(*(_FIRST.c[name] for name in _BUYERS_FIRST))
)


async def of_licenses(
    connection: AsyncConnection, license_ids: Collection[UUID], most: int | None = None
) -> Sequence[tuple[StoredPerson, int]]:
    """Give the people of licenses, the buyers first: of each so many at most, or all.

    Where there are more, those of whom a name or an address is known are chosen before others.
    With everybody, how many there are of their license, less those who were erased.
    """
    rows = await connection.execute(_OF_LICENSES, {"ids": list(license_ids), "most": most})
    return [(_person(row[:-1]), row.total) for row in rows]


async def get(
    connection: AsyncConnection, license_id: UUID, person_id: UUID
) -> StoredPerson | None:
    """Give one person."""
    question = select(*_PERSON).where(_P.license_id == license_id, _P.person_id == person_id)
    row = (await connection.execute(question)).one_or_none()
    return None if row is None else _person(row)


_BY_IDS: Final = select(*_PERSON).where(tuple_(_P.license_id, _P.person_id).in_(GIVEN_PAIRS))


async def by_ids(
    connection: AsyncConnection, ids: Collection[tuple[UUID, UUID]]
) -> Sequence[StoredPerson]:
    """Give people of many licenses, by the ids of both."""
    rows = await connection.execute(_BY_IDS, given_pairs(ids))
    return [_person(row) for row in rows]


async def alike(
    connection: AsyncConnection,
    license_id: UUID,
    any_of: Sequence[Collection[int]],
    superseded: Collection[str],
) -> Sequence[StoredPerson]:
    """Give the people of a license who have all tokens of any of these sets.

    And those of whom any of this was `superseded`, which no token leads to any more.
    """
    if not any_of:
        return []
    had = _P.superseded.op("&&", is_comparison=True)(cast(sorted(superseded), ARRAY(Text)))
    has = or_(had, *(_P.tokens.contains(_array(each)) for each in any_of))
    question = select(*_PERSON).where(_P.license_id == license_id, has)
    rows = await connection.execute(question.order_by(_P.role, _P.person_id))
    return [_person(row) for row in rows]


async def with_any_token(
    connection: AsyncConnection, tokens: Collection[int]
) -> Sequence[StoredPerson]:
    """Give everybody who has any of some tokens, in no order."""
    has = _P.tokens.op("&&", is_comparison=True)(_array(tokens))
    return [_person(row) for row in await connection.execute(select(*_PERSON).where(has))]


def _array(tokens: Collection[int]) -> ColumnElement[Any]:
    return cast(sorted(tokens), ARRAY(Integer))


async def add(connection: AsyncConnection, new: Sequence[StoredPerson]) -> None:
    """Add people."""
    if new:
        await connection.execute(insert(people), [asdict(each) for each in new])


async def save(connection: AsyncConnection, person: StoredPerson) -> None:
    """Write a person, new or known."""
    values = asdict(person)
    await connection.execute(
        insert(people)
        .values(values)
        .on_conflict_do_update(index_elements=[_P.license_id, _P.person_id], set_=values)
    )


async def contact(connection: AsyncConnection, license_id: UUID, at: datetime) -> None:
    """Write when there was contact with the people of a license."""
    await connection.execute(
        update(people)
        .where(_P.license_id == license_id, _P.erased_at.is_(None), _P.contacted_at < at)
        .values(contacted_at=at)
    )


async def keep(
    connection: AsyncConnection, license_id: UUID, person_id: UUID, months: int | None
) -> None:
    """Write for how long a person wishes to be remembered."""
    await connection.execute(
        update(people)
        .where(_P.license_id == license_id, _P.person_id == person_id)
        .values(keep_months=months)
    )


async def remove(connection: AsyncConnection, license_id: UUID, person_id: UUID) -> None:
    """Delete a person, with what is known of the person's computers."""
    await connection.execute(
        delete(people).where(_P.license_id == license_id, _P.person_id == person_id)
    )


async def computers_of(
    connection: AsyncConnection, license_id: UUID, person_id: UUID
) -> Sequence[StoredComputer]:
    """Give the computers that a person uses."""
    question = select(*_COMPUTER).where(_C.license_id == license_id, _C.person_id == person_id)
    return [StoredComputer(*row) for row in await connection.execute(question)]


_GIVEN: Final = GIVEN_PAIRS.subquery("given")
_THEIRS: Final = (
    select(*_COMPUTER, func.count().over().label("total"))
    .where(_C.license_id == _GIVEN.c[0], _C.person_id == _GIVEN.c[1])
    .order_by(_C.activation_id)
    .limit(bindparam("most", type_=Integer))
    .lateral("theirs")
)
_COMPUTERS_OF_PEOPLE: Final = select(_THEIRS).select_from(_GIVEN.join(_THEIRS, true()))


async def computers_of_people(
    connection: AsyncConnection, ids: Collection[tuple[UUID, UUID]], most: int | None = None
) -> UsedBy:
    """Give the computers of people of many licenses, by the ids of both: of each so many, or all.

    A license may have thousands of people, and one of them thousands of computers.
    """
    rows = await connection.execute(_COMPUTERS_OF_PEOPLE, {**given_pairs(ids), "most": most})
    used: UsedBy = defaultdict(Used)
    for *row, total in rows:
        one = StoredComputer(*row)
        theirs = used[one.license_id, one.person_id]
        theirs.computers.append(one)
        theirs.total = total
    return used


_BY_COMPUTERS: Final = select(*_COMPUTER).where(
    _C.license_id == bindparam("license_id"), is_given(_C.activation_id)
)


async def by_computers(
    connection: AsyncConnection, license_id: UUID, activation_ids: Collection[UUID]
) -> Sequence[StoredComputer]:
    """Give what is known of some computers of a license, and who uses them."""
    parameters = {"license_id": license_id, "ids": list(activation_ids)}
    return [StoredComputer(*row) for row in await connection.execute(_BY_COMPUTERS, parameters)]


async def computer(
    connection: AsyncConnection, license_id: UUID, activation_id: UUID
) -> StoredComputer | None:
    """Give what is known of a computer."""
    question = select(*_COMPUTER).where(
        _C.license_id == license_id, _C.activation_id == activation_id
    )
    row = (await connection.execute(question)).one_or_none()
    return None if row is None else StoredComputer(*row)


async def save_computer(connection: AsyncConnection, computer: StoredComputer) -> None:
    """Write what is known of a computer."""
    values = asdict(computer)
    await connection.execute(
        insert(person_computers)
        .values(values)
        .on_conflict_do_update(index_elements=[_C.license_id, _C.activation_id], set_=values)
    )
