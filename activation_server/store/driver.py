"""The driver's own connection of one that SQLAlchemy opened, for what is more than a statement."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, cast

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

Driver: TypeAlias = "asyncpg.Connection[Any]"


async def raw_driver(connection: AsyncConnection) -> Driver:
    """Give a connection's driver as it is: what it raises are the driver's own errors."""
    raw = await connection.get_raw_connection()
    return cast("Driver", raw.driver_connection)


@asynccontextmanager
async def driver_of(connection: AsyncConnection) -> AsyncIterator[Driver]:
    """Give a connection's driver; what it raises comes as what SQLAlchemy raises: DBAPIError.

    So a transaction is run again, or known to be unavailable, whoever sent the statement.
    """
    driver = await raw_driver(connection)
    try:
        yield driver
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        lost = driver.is_closed()
        raise DBAPIError(
            None, None, error, hide_parameters=True, connection_invalidated=lost
        ) from None
