"""Fixtures for all layers: a real PostgreSQL, a movable clock, repeatable chance."""

import asyncio
import gc
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
from argon2 import PasswordHasher
from sqlalchemy import event
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from activation_server.crypto.master_keys import MasterKeys
from activation_server.crypto.passwords import Argon2
from activation_server.embedded_postgres import EmbeddedPostgres
from activation_server.gateways.archive import Archive
from activation_server.gateways.erasure_ledger import ErasureLedger
from activation_server.services import keys
from activation_server.services.context import Context, Randomness
from activation_server.services.identity_provider import SingleSignOn
from activation_server.services.keys import Unlocking
from activation_server.services.passwords import Passwords
from activation_server.store import partitions, schema
from activation_server.store.database import Database, create_engine

Result = TypeVar("Result")

START = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
ISSUER = "https://licenses.example.com"
QUICK = Argon2(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))  # by far too quick
_PLENTY_BYTES = 2 << 30

# Each test has engines of its own, and each engine a dialect, by which statements are kept as they
# were compiled. All dialects here are alike: so a statement is compiled once, not once a test.
_COMPILED: dict[Any, Any] = {}
setattr(PGDialect_asyncpg, "__hash__", lambda _self: 0)  # noqa: B010 - mypy knows no other way
setattr(PGDialect_asyncpg, "__eq__", lambda self, other: type(self) is type(other))  # noqa: B010


def pytest_collection_finish() -> None:
    """Have the collector pass over thousands of tests and all modules: they stay."""
    gc.collect()
    gc.freeze()


def quick_engine(url: str) -> AsyncEngine:
    """Make an engine that shares compiled statements with all others."""
    return create_engine(url).execution_options(compiled_cache=_COMPILED)


@dataclass
class Clock:
    """A clock that tests move."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Chance:
    """Repeatable random bytes."""

    source: random.Random = field(default_factory=lambda: random.Random(20261122))

    def __call__(self, count: int) -> bytes:
        return self.source.randbytes(count)


@contextmanager
def cluster_dir(*, on_disk: bool = False) -> Iterator[Path]:
    """A directory for a cluster; not under pytest's, which every other run makes private again.

    In memory if there is plenty: a database is hundreds of files, and copied for each test.
    """
    memory = Path("/dev/shm")  # noqa: S108 - a directory of an unguessable name is made in it
    fits = memory.is_dir() and shutil.disk_usage(memory).free > _PLENTY_BYTES
    parent = memory if fits and not on_disk else None
    with tempfile.TemporaryDirectory(prefix="activation-", dir=parent) as directory:
        yield Path(directory)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A directory for a server."""
    with cluster_dir() as directory:
        yield directory


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """One PostgreSQL for the whole (worker's) session."""
    with cluster_dir() as directory:
        with EmbeddedPostgres(directory) as running:
            asyncio.run(_make_quick(running))
        with EmbeddedPostgres(directory) as running:  # with the settings that need a start
            asyncio.run(_make_template(running))
            yield running


async def _make_quick(running: EmbeddedPostgres) -> None:
    """Let thousands of databases be made and dropped: all buffers are gone through for each.

    Durability is shown end to end, on the server as it is delivered; here speed counts.
    """
    for name, value in {"fsync": "off", "max_wal_size": "64MB", "shared_buffers": "128MB"}.items():
        await _admin(running, f"ALTER SYSTEM SET {name} = '{value}'")


async def _make_template(running: EmbeddedPostgres) -> None:
    """Migrate once; each test's database is a copy."""
    await _admin(running, "CREATE DATABASE template_migrated")
    database = Database(create_engine(running.url("template_migrated")))
    await database.transact(schema.upgrade)

    async def months(connection: object) -> None:
        await partitions.ensure(connection, START)  # type: ignore[arg-type]

    await database.transact(months)
    await database.dispose()


async def _admin(running: EmbeddedPostgres, statement: str) -> None:
    url = running.url("postgres").replace("postgresql+asyncpg", "postgresql")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated database of the test's own."""
    name = f"test_{abs(hash(request.node.nodeid)) % 10**12}"
    copy = f"CREATE DATABASE {name} TEMPLATE template_migrated STRATEGY file_copy"
    asyncio.run(_admin(postgres, copy))
    yield postgres.url(name)
    asyncio.run(_admin(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chance() -> Chance:
    return Chance()


@dataclass
class World:
    """Runs coroutines against a server's means; each run has an engine of its own."""

    url: str
    clock: Clock
    chance: Chance
    master: bytes = bytes(range(32))
    issuer: str = ISSUER
    ledger: Path = Path("/nowhere/erasures.jsonl")
    master_key_file: Path | None = None
    archive: Archive = field(default_factory=lambda: Archive(Path("/nowhere/archive")))
    sign_on: SingleSignOn | None = None

    def run(self, work: Callable[[Context], Awaitable[Result]]) -> Result:
        """Open the means, run `work`, close them."""

        async def opened() -> Result:
            async with self.open() as context:
                return await work(context)

        return asyncio.run(opened())

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Context]:
        """Give the means of a running server."""
        database = Database(quick_engine(self.url))
        try:
            master = (
                MasterKeys.of([self.master], self.chance)
                if self.master_key_file is None
                else MasterKeys.of_file(self.master_key_file, self.chance)
            )
            keyring = await keys.unlock(Unlocking(database, master, self.chance, self.clock()))
            ledger = ErasureLedger(self.ledger, keyring.digester.of_ledger)
            randomness = Randomness(self.chance)
            yield Context(
                database,
                keyring,
                self.clock,
                randomness,
                self.issuer,
                ledger,
                self.archive,
                passwords=Passwords(QUICK),
                sign_on=self.sign_on,
            )
        finally:
            await database.dispose()


@pytest.fixture
def world(database_url: str, clock: Clock, chance: Chance, tmp_path: Path) -> World:
    return World(database_url, clock, chance, ledger=tmp_path / "erasures.jsonl")


def note_statements(database: Database, asked: list[str]) -> None:
    """Note every statement that is sent from now on, on lanes as far as they are opened later."""

    def note(*about: Any) -> None:
        asked.append(about[2])

    def note_directly(sent: asyncpg.connection.LoggedQuery) -> None:
        if "unnest(" in sent.query:  # as ours do; what the driver asks for itself is no question
            asked.append(sent.query)

    def opened(connection: Any, _record: object) -> None:
        connection.driver_connection.add_query_logger(note_directly)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    event.listen(database._lanes.engine.sync_engine, "connect", opened)


def machines_file() -> Path:
    """The real computers that stand beside the checkout."""
    return Path(__file__).parents[2] / "shared" / "data" / "machines.jsonl.gz"
