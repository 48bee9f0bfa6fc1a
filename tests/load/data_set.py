"""Data sets: a data directory of the server with so many activated computers, made by COPY."""

import asyncio
import json
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import asyncpg
from rich.progress import Progress, TimeElapsedColumn

from activation_server import bootstrap
from activation_server.embedded_postgres import EmbeddedPostgres
from activation_server.services import products
from activation_server.services.context import Context
from activation_server.settings import Settings
from tests.load.computers import PRODUCT, SEATS, computer
from tests.load.data_rows import Chunk

BYTES_EACH = 2_000  # disk space for each computer, with room for a run that updates many
BYTES_MORE = 3_000_000_000
_CHUNK = 4_000  # licenses in one transaction
# While a data set is made nothing of it is worth keeping: it is made durable at the end.
_MAKING = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "8GB",
    "shared_buffers": "2GB",
    "autovacuum": "off",
}


class NoSpaceError(Exception):
    """The disk can't hold a data set; the message says what it needs."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """What is in a data directory."""

    folder: Path
    activations: int
    seconds: int = 0  # that it took to make

    @property
    def licenses(self) -> int:
        """How many licenses it began with; the last may have free seats."""
        return -(-self.activations // SEATS)


def settings_of(folder: Path) -> Settings:
    """Give the settings of a server on this data directory."""
    return Settings(data_dir=folder)


def need(activations: int) -> int:
    """Give the disk space, in bytes, for a data set."""
    return activations * BYTES_EACH + BYTES_MORE


def require_space(folder: Path, activations: int) -> None:
    """See that there is room for a data set. Raises NoSpaceError."""
    free, needed = shutil.disk_usage(folder).free, need(activations)
    if free < needed:
        raise NoSpaceError(
            f"{activations:,} activations need {needed / 1e9:.0f} GB in {folder}, "
            f"where {free / 1e9:.0f} GB are free: set BENCH_DATA to a folder with more."
        )


@contextmanager
def fresh_folder(within: Path | None = None) -> Iterator[Path]:
    """Give a folder for data sets that goes at the end."""
    with tempfile.TemporaryDirectory(prefix="activation-bench-", dir=within) as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as another user where this is root
        yield Path(folder)


def data_set(folder: Path, activations: int) -> DataSet:
    """Find a data set in a folder, or make it there. Raises NoSpaceError."""
    place = folder / f"{activations}-activations"
    note = place / "made.json"
    if note.exists():
        return DataSet(place, **json.loads(note.read_text(encoding="ascii")))
    shutil.rmtree(place, ignore_errors=True)  # half made
    require_space(folder, activations)
    place.mkdir()
    with Progress(*Progress.get_default_columns(), TimeElapsedColumn()) as progress:
        task = progress.add_task(f"{activations:,} activations", total=activations)
        with EmbeddedPostgres(place) as postgres:
            asyncio.run(_begin(postgres.url(), place))
        with EmbeddedPostgres(place) as postgres:  # with the settings that need a start
            numbers = range(DataSet(place, activations).licenses)
            for done in copy_licenses(postgres.url(), place, numbers, activations):
                progress.advance(task, done)
            asyncio.run(_end(postgres.url()))
        os.sync()
        seconds = round(progress.tasks[task].elapsed or 0)
    note.write_text(json.dumps({"activations": activations, "seconds": seconds}), "ascii")
    return DataSet(place, activations, seconds)


def copy_licenses(url: str, folder: Path, numbers: range, activations: int) -> Iterator[int]:
    """Copy licenses with those of their computers that are below `activations`.

    Gives how many activations each transaction added.
    """
    chunks = [numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK)]
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        jobs = [pool.submit(_copy, url, folder, chunk, activations) for chunk in chunks]
        for job in as_completed(jobs):
            yield job.result()


def read_once(folder: Path) -> str:
    """Read a whole data set, as a day's work does, so that memory holds what fits; tell of it."""
    began, size = time.monotonic(), 0
    for file in folder.rglob("base/*/*"):
        with file.open("rb") as data:
            while part := data.read(1 << 23):
                size += len(part)
    return f"read once before: {size / 1e9:.1f} GB in {time.monotonic() - began:.0f} s"


@asynccontextmanager
async def raw_connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Open a connection to the database of a SQLAlchemy URL."""
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    try:
        yield connection
    finally:
        await connection.close()


async def add_policy(context: Context) -> None:
    """Add the product and the policy of all licenses here."""
    await products.add_product(context, PRODUCT, "Bench", "EdDSA")
    await products.set_policy(context, PRODUCT, products.STANDARD, {"seats": SEATS})


def make_chunk(context: Context, numbers: range, activations: int) -> Chunk:
    """Make licenses with those of their computers that are below `activations`, since a day."""
    chunk = Chunk(context, context.now() - timedelta(days=1))
    for number in numbers:
        seats = range(number * SEATS, min((number + 1) * SEATS, activations))
        chunk.add_license(number, [computer(each) for each in seats])
    return chunk


async def copy_chunk(connection: asyncpg.Connection, chunk: Chunk) -> None:
    """Copy rows in one transaction."""
    async with connection.transaction():
        # No foreign key is checked: each license goes with its computers.
        await connection.execute("SET LOCAL session_replication_role = replica")
        for copy in chunk:
            await connection.copy_records_to_table(
                copy.table.name, records=copy.rows, columns=copy.names
            )


async def _begin(url: str, folder: Path) -> None:
    async with bootstrap.open_context(settings_of(folder), url) as context:
        await add_policy(context)
    async with raw_connection(url) as connection:
        for name, value in _MAKING.items():
            await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")


async def _end(url: str) -> None:
    async with raw_connection(url) as connection:
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
        await connection.execute("ALTER SYSTEM RESET ALL")


def _copy(url: str, folder: Path, numbers: range, activations: int) -> int:
    """Make and copy rows in a process of their own; give how many activations."""

    async def work() -> int:
        async with bootstrap.open_context(settings_of(folder), url) as context:
            chunk = make_chunk(context, numbers, activations)
        async with raw_connection(url) as connection:
            await copy_chunk(connection, chunk)
        return len(chunk.activations.rows)

    return asyncio.run(work())
