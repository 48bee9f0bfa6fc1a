"""The rows of any table that belong to a person: found by the columns that lead to people."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, and_, any_, cast, or_, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.data_kind import DataKind
from activation_server.rules.export import Share, UsedComputer
from activation_server.store.tables import activations, licenses, metadata, person_computers

_A, _C = activations.c, person_computers.c


class Way(StrEnum):
    """Which column leads to a person, the nearest first."""

    PERSON = "person_id"
    COMPUTER = "activation_id"
    LICENSE = "license_id"
    HARDWARE = "hardware_token"


def way_to(table: str) -> Way | None:
    """Give the column of a table that leads to a person, if there is one."""
    return next((way for way in Way if way in metadata.tables[table].columns), None)


async def freeze(connection: AsyncConnection) -> None:
    """Let the transaction, which has asked nothing yet, see one state of the database."""
    await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


async def product_of(connection: AsyncConnection, license_id: UUID) -> str:
    """Give the product of a license."""
    question = select(licenses.c.product).where(licenses.c.license_id == license_id)
    return str((await connection.execute(question)).scalar_one())


async def computers(
    connection: AsyncConnection, license_id: UUID, erased: bytes
) -> Sequence[UsedComputer]:
    """Give the computers of a license; `erased` stands where a person's data was erased."""
    both = (_C.license_id == _A.license_id) & (_C.activation_id == _A.activation_id)
    question = (
        select(_A.activation_id, _A.hardware_token, _C.person_id, _A.told_digest, _A.answered_at)
        .select_from(activations.outerjoin(person_computers, both))
        .where(_A.license_id == license_id)
    )
    return [
        UsedComputer(
            activation_id=row.activation_id,
            hardware_token=row.hardware_token,
            person_id=row.person_id,
            is_erased=row.told_digest == erased,
            answered_at=row.answered_at,
        )
        for row in await connection.execute(question)
    ]


async def rows(connection: AsyncConnection, name: str, mine: Share) -> Sequence[Mapping[str, Any]]:
    """Give what a table holds on a person's share of a license; nothing that is about nobody."""
    table, way = metadata.tables[name], way_to(name)
    if way is None:
        return []
    question = (
        select(*(each for each in table.columns if each.primary_key or _is_about_a_person(each)))
        .where(_are_theirs(table, way, mine))
        .order_by(*table.primary_key.columns)
    )
    return [dict(row._mapping) for row in await connection.execute(question)]  # noqa: SLF001 - SQLAlchemy's public name


def _are_theirs(table: Table, way: Way, mine: Share) -> ColumnElement[bool]:
    column = table.columns[way]
    of_license = (
        table.columns[Way.LICENSE] == mine.license_id if Way.LICENSE in table.columns else true()
    )
    if way is Way.LICENSE:
        return of_license
    if way is Way.HARDWARE:
        tokens = {each.hardware_token for each in mine.computers}
        return and_(_is_any(column, tokens), table.columns["product"] == mine.product)
    ids = mine.person_ids if way is Way.PERSON else mine.activation_ids()
    found = _is_any(column, ids)
    # Without a person or computer, a row is about the license as a whole.
    whole = column.is_(None) if column.nullable and mine.has_license() else None
    return and_(of_license, found if whole is None else or_(found, whole))


def _is_any(column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Compare with an array: one parameter, however many computers a license has."""
    return column == any_(cast(sorted(values), ARRAY(column.type)))


def _is_about_a_person(column: Column[Any]) -> bool:
    kind: DataKind = column.info["kind"]
    return kind.is_about_a_person()
