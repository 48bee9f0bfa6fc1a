"""The engine, transactions, time-outs, and the retry of a whole unit of work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from activation_server.rules.errors import UnavailableError

ATTEMPTS = 3
POOL_SIZE = 16
_TIMEOUTS = {  # milliseconds
    "statement_timeout": "15000",
    "lock_timeout": "10000",
    "idle_in_transaction_session_timeout": "30000",
}
_LOST_RACE = frozenset({"40001", "40P01"})  # serialization failure, deadlock
# Shutting down, crashed, starting up; out of disk, memory or connections; a standby; a lock or a
# statement took too long.
_UNAVAILABLE = frozenset(
    {"57P01", "57P02", "57P03", "53100", "53200", "53300", "25006", "55P03", "57014"}
)
_LOST_CONNECTION_CLASS = "08"

Connection: TypeAlias = AsyncConnection  # what services pass on, and never speak to themselves
Result = TypeVar("Result")


def create_engine(url: str) -> AsyncEngine:
    """Make an engine whose errors never carry statement parameters."""
    return create_async_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=10,
        hide_parameters=True,
        connect_args={
            "server_settings": {"application_name": "activation-server", "jit": "off", **_TIMEOUTS},
            "timeout": 5,
        },
    )


@dataclass(frozen=True, slots=True)
class Database:
    """Runs units of work, each in one transaction."""

    engine: AsyncEngine

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
        """Run `work` in one transaction and commit it; the result counts only after that.

        The whole of it is run again when it lost a race or its connection, also in the commit:
        safe, because every write carries a request id. Raises UnavailableError.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self.engine.begin() as connection:
                    return await work(connection)
            except (DBAPIError, OSError, PoolTimeoutError, TimeoutError) as error:
                again = _is_lost_race(error) or _is_lost_connection(error)
                if again and attempt < ATTEMPTS:
                    continue
                if again or _is_unavailable(error):
                    raise UnavailableError(type(error).__name__) from None
                raise
            except asyncio.CancelledError:
                raise
        raise AssertionError  # the loop returns or raises

    @asynccontextmanager
    async def alone(self, lock: int) -> AsyncIterator[bool]:
        """Hold a lock by its number over many transactions; gives `False` when another holds it.

        It goes with the connection, also when the process dies.
        """
        async with self.engine.connect() as connection:
            held = await connection.execution_options(isolation_level="AUTOCOMMIT")
            question = text("SELECT pg_try_advisory_lock(:lock)")
            mine = bool(await held.scalar(question, {"lock": lock}))
            try:
                yield mine
            finally:
                if mine:
                    await held.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": lock})


def _sqlstate(error: BaseException) -> str:
    original = getattr(error, "orig", error)
    return getattr(original, "sqlstate", None) or ""


def _is_lost_race(error: BaseException) -> bool:
    return _sqlstate(error) in _LOST_RACE


def _is_lost_connection(error: BaseException) -> bool:
    invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
    state = _sqlstate(error)
    return (
        invalidated
        or state.startswith(_LOST_CONNECTION_CLASS)
        or state in {"57P01", "57P02"}
        or isinstance(error, ConnectionError)
    )


def _is_unavailable(error: BaseException) -> bool:
    return (
        _is_lost_connection(error)
        or _sqlstate(error) in _UNAVAILABLE
        or isinstance(error, (OSError, PoolTimeoutError, TimeoutError))
    )
