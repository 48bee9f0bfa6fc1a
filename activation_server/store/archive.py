"""All rows of licenses, whatever table they stand in: read for the archive, then deleted."""

from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Table, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.store.tables import computers, metadata

# Tables that name licenses and outlive them, and why.
OUTLIVE: Final[Mapping[str, str]] = {
    "audit_log": "a chain, in which no entry may be missing; it has a lifetime of its own",
}
# The trial that a computer was given is the license's; the computer is not.
_TRIAL: Final = {
    computers.c.trial_license_id.name: None,
    computers.c.trial_at.name: None,
}

Rows = dict[str, list[dict[str, Any]]]  # by table


def tables_of_licenses() -> Mapping[Table, Column[Any]]:
    """Give the tables that hold rows of licenses, the first by which others depend on it.

    With the column that names the license.
    """
    named = {table: table.c.get("license_id") for table in metadata.sorted_tables}
    named[computers] = computers.c.trial_license_id
    return {
        table: column
        for table, column in named.items()
        if column is not None and table.name not in OUTLIVE
    }


async def read(
    connection: AsyncConnection, license_ids: Collection[UUID], *, lock: bool = False
) -> Mapping[UUID, Rows]:
    """Give all rows of licenses.

    With `lock` they are locked, but never waited for: rows that somebody else holds are left out.
    The licenses come first, so that no rows are added to them meanwhile.
    """
    found: dict[UUID, Rows] = {license_id: {} for license_id in license_ids}
    for table, owner in tables_of_licenses().items():
        question = select(table).where(owner.in_(license_ids)).order_by(*table.primary_key)
        if lock:
            question = question.with_for_update(skip_locked=True)
        for row in (await connection.execute(question)).mappings():
            found[row[owner.name]].setdefault(table.name, []).append(dict(row))
    return {license_id: rows for license_id, rows in found.items() if "licenses" in rows}


async def remove(connection: AsyncConnection, license_ids: Collection[UUID]) -> None:
    """Delete all rows of licenses. They are locked."""
    for table, owner in reversed(list(tables_of_licenses().items())):
        these = owner.in_(license_ids)
        change = update(table).values(_TRIAL) if table is computers else delete(table)
        await connection.execute(change.where(these))
