"""What PostgreSQL is told of how to look rows up, for the rest of a transaction."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_INDEX: Final = text("SET LOCAL enable_seqscan = off")
_PLANNER: Final = text("SET LOCAL enable_seqscan TO DEFAULT")


async def trust_index(connection: AsyncConnection) -> None:
    """Look up by indexes, however few rows PostgreSQL believes that there are.

    A table that is small when a statement begins may be large before it ends: while a statement
    runs, what check-ins leave behind can't be cleared away.
    """
    await connection.execute(_INDEX)


async def trust_planner(connection: AsyncConnection) -> None:
    """Look up as PostgreSQL thinks best again."""
    await connection.execute(_PLANNER)
