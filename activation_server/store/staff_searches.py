"""Lists of licenses that members of staff keep for themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.store.tables import staff_searches

_S = staff_searches.c


@dataclass(frozen=True, slots=True)
class StoredSearch:
    """A saved search: what a list is narrowed by, under a name."""

    search_id: UUID
    staff_id: UUID
    name: str
    criteria: Mapping[str, str]
    added_at: datetime


_SEARCH = [_S[name] for name in StoredSearch.__slots__]


async def put(connection: AsyncConnection, new: StoredSearch) -> None:
    """Add one, or write over the one of its owner's that has its name."""
    values = asdict(new)
    await connection.execute(
        insert(staff_searches)
        .values(values)
        .on_conflict_do_update(
            index_elements=[_S.staff_id, _S.name], set_={"criteria": values["criteria"]}
        )
    )


async def of_staff(connection: AsyncConnection, staff_id: UUID) -> Sequence[StoredSearch]:
    """Give somebody's saved searches, by name."""
    question = select(*_SEARCH).where(_S.staff_id == staff_id).order_by(func.lower(_S.name))
    return [StoredSearch(*row) for row in await connection.execute(question)]


async def remove(connection: AsyncConnection, staff_id: UUID, search_id: UUID) -> int:
    """Remove one of somebody's saved searches; give how many there were."""
    removing = delete(staff_searches).where(_S.staff_id == staff_id, _S.search_id == search_id)
    return (await connection.execute(removing)).rowcount
