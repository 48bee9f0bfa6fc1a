"""The engine, transactions, time-outs, and the retry of a whole unit of work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, TypeVar

from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from activation_server.rules.errors import UnavailableError
from activation_server.store.driver import Driver
from activation_server.store.lanes import Lanes

ATTEMPTS = 3
POOL_SIZE = 16
LANES = 4  # connections for what is pooled: so many of its statements may run at once
CONNECTIONS = POOL_SIZE + LANES  # that a server process opens at most
_TIMEOUTS = {  # milliseconds
    "statement_timeout": "15000",
    "lock_timeout": "10000",
    "idle_in_transaction_session_timeout": "30000",
}
# What is pooled looks rows up by their keys and does nothing else: one plan is right for ever, and
# making it anew took five times as long as the look-up. It does not wait for somebody else's lock:
# it is done one by one then.
_LANE_SETTINGS = {
    **_TIMEOUTS,
    "lock_timeout": "100",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
_LOST_RACE = frozenset({"40001", "40P01"})  # serialization failure, deadlock
# Shutting down, crashed, starting up; out of disk, memory or connections; a standby; a lock or a
# statement took too long.
_UNAVAILABLE = frozenset(
    {"57P01", "57P02", "57P03", "53100", "53200", "53300", "25006", "55P03", "57014"}
)
_TOO_SLOW = frozenset({"55P03", "57014"})
_LOST_CONNECTION_CLASS = "08"

Connection: TypeAlias = AsyncConnection  # what services pass on, and never speak to themselves
Result = TypeVar("Result")


def create_engine(url: str | URL, size: int = POOL_SIZE) -> AsyncEngine:
    """Make an engine whose errors never carry statement parameters."""
    return _engine(url, size, _TIMEOUTS)


def _engine(url: str | URL, size: int, settings: dict[str, str]) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=10,
        hide_parameters=True,
        connect_args={
            "server_settings": {"application_name": "activation-server", "jit": "off", **settings},
            "timeout": 5,
        },
    )


@dataclass(frozen=True)
class Database:
    """Runs units of work, each in one transaction."""

    engine: AsyncEngine

    @cached_property
    def _lanes(self) -> Lanes:
        return Lanes(_engine(self.engine.url, LANES, _LANE_SETTINGS), LANES)

    async def dispose(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
        if "_lanes" in self.__dict__:  # a command has none
            await self._lanes.dispose()

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

    async def pooled(self, work: Callable[[Driver], Awaitable[Result]]) -> Result:
        """Run single statements, each its own transaction, on a connection of the driver's own.

        For many requests at once: it never waits long for a lock, and nothing is run again.
        Raises what the driver raises, and what `Lanes` does.
        """
        return await self._lanes.run(work)

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


@dataclass(frozen=True)
class Within(Database):
    """A transaction that is under way, in the place of a database: units of work join it.

    Who opened it commits it, and runs all of it again where that is needed.
    """

    connection: AsyncConnection

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
        """Run `work` in the transaction that is under way."""
        return await work(self.connection)


async def connection_limit(connection: AsyncConnection) -> int:
    """Tell how many connections at once the database takes from all of us."""
    question = """
        SELECT current_setting('max_connections')::int
             - current_setting('superuser_reserved_connections')::int
             - coalesce(current_setting('reserved_connections', true), '0')::int
    """  # the last came with PostgreSQL 16
    return int((await connection.execute(text(question))).scalar_one())


def _sqlstate(error: BaseException) -> str:
    original = getattr(error, "orig", error)
    return getattr(original, "sqlstate", None) or ""


def is_too_slow(error: DBAPIError) -> bool:
    """Tell whether a statement, or a lock that it waited for, took longer than it may."""
    return _sqlstate(error) in _TOO_SLOW


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
