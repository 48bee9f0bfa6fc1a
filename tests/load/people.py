"""A data set of licenses, each with a buyer of a real name and an order, sealed as the services do.

Nothing sealed can be copied from row to row, so every one is made: `BENCH_DATA` names a folder
where a data set is kept and used again.
"""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from rich.progress import Progress, TimeElapsedColumn

from activation_server import bootstrap
from activation_server.embedded_postgres import EmbeddedPostgres
from activation_server.formats import license_key
from activation_server.rules.person import Person
from activation_server.services import people, products
from activation_server.services.context import Context
from activation_server.services.licensing import Order, make_license
from activation_server.store import licenses, tables
from activation_server.store.licenses import NewLicense
from activation_server.store.people import StoredPerson
from tests import names
from tests.load.data_rows import Copy
from tests.load.data_set import NoSpaceError, raw_connection, settings_of

PRODUCT = "bench"
CHUNK = 5_000  # people in one transaction
SEED = 20261124
BYTES_EACH = 2_200  # with the write-ahead log while it is made
_FILLED = (tables.licenses, tables.license_keys, tables.people)
# While a data set is made nothing of it is worth keeping: it is made durable at the end.
_MAKING = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "shared_buffers": "2GB",
    "maintenance_work_mem": "1GB",
    "autovacuum": "off",
}


@dataclass(frozen=True, slots=True)
class PeopleSet:
    """What is in a data directory."""

    folder: Path
    people: int
    seconds: float = 0  # that it took to make


def person(number: int) -> Person:
    """Give who bought a license, by its number."""
    return next(chunk(number, 1))


def chunk(first: int, count: int = CHUNK) -> Iterator[Person]:
    """Give the people from a number on."""
    return names.people(count, SEED + first, first)


def order_reference(number: int) -> str:
    """Give the order of a license, by its number."""
    return f"FS-{number}"


def people_set(folder: Path, count: int) -> PeopleSet:
    """Find a data set in a folder, or make it there. Raises NoSpaceError."""
    place = folder / f"{count}-people"
    note = place / "made.json"
    if note.exists():
        return PeopleSet(place, **json.loads(note.read_text(encoding="ascii")))
    shutil.rmtree(place, ignore_errors=True)  # half made
    if (free := shutil.disk_usage(folder).free) < count * BYTES_EACH:
        msg = f"{count:,} people need {count * BYTES_EACH / 1e9:.0f} GB, {free / 1e9:.0f} are free"
        raise NoSpaceError(msg)
    place.mkdir()
    with Progress(*Progress.get_default_columns(), TimeElapsedColumn()) as progress:
        task = progress.add_task(f"{count:,} people", total=count)
        with EmbeddedPostgres(place) as postgres:
            asyncio.run(_begin(postgres.url(), place))
        with EmbeddedPostgres(place) as postgres:  # with the settings that need a start
            dropped = asyncio.run(_without_indexes(postgres.url()))
            for done in _copy_all(postgres.url(), place, count):
                progress.advance(task, done)
            progress.update(task, description="Indexes")
            asyncio.run(_end(postgres.url(), dropped))
        os.sync()
        seconds = round(progress.tasks[task].elapsed or 0)
    note.write_text(json.dumps({"people": count, "seconds": seconds}), "ascii")
    return PeopleSet(place, count, seconds)


@asynccontextmanager
async def opened(made: PeopleSet) -> AsyncIterator[Context]:
    """Serve a data set, as a running process does."""
    with EmbeddedPostgres(made.folder) as postgres:
        async with bootstrap.open_context(settings_of(made.folder), postgres.url()) as context:
            yield context


async def _begin(url: str, folder: Path) -> None:
    async with bootstrap.open_context(settings_of(folder), url) as context:
        await products.add_product(context, PRODUCT, "Bench", "EdDSA")
    async with raw_connection(url) as connection:
        for name, value in _MAKING.items():
            await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")


async def _without_indexes(url: str) -> list[str]:
    """Drop the indexes of the tables that are filled; give the statements that make them again."""
    filled = [table.name for table in _FILLED]
    async with raw_connection(url) as connection:
        indexes = await connection.fetch(
            "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made"
            " FROM pg_index WHERE indrelid = ANY($1::text[]::regclass[]) AND NOT indisprimary",
            filled,
        )
        for index in indexes:
            await connection.execute(f"DROP INDEX {index['name']}")
    return [str(index["made"]) for index in indexes]


def _copy_all(url: str, folder: Path, count: int) -> Iterator[int]:
    """Copy all people; gives how many each transaction added."""
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        jobs = [
            pool.submit(_copy, url, folder, first, min(CHUNK, count - first))
            for first in range(0, count, CHUNK)
        ]
        for job in as_completed(jobs):
            yield job.result()


async def _end(url: str, statements: list[str]) -> None:
    async with raw_connection(url) as connection:
        for statement in statements:
            await connection.execute(statement, timeout=None)
        await connection.execute("VACUUM ANALYZE", timeout=None)
        await connection.execute("CHECKPOINT", timeout=None)
        await connection.execute("ALTER SYSTEM RESET ALL")


def _copy(url: str, folder: Path, first: int, count: int) -> int:
    return asyncio.run(_copy_chunk(url, folder, first, count))


async def _copy_chunk(url: str, folder: Path, first: int, count: int) -> int:
    async with bootstrap.open_context(settings_of(folder), url) as context:
        sold, buyers = _made(context, first, count)
    async with raw_connection(url) as connection, connection.transaction():
        # No foreign key is checked: a license goes before its buyer, in the same transaction.
        await connection.execute("SET LOCAL session_replication_role = replica")
        for copy in _rows(sold, buyers):
            await connection.copy_records_to_table(
                copy.table.name, records=copy.rows, columns=copy.names
            )
    return count


def _made(context: Context, first: int, count: int) -> tuple[list[NewLicense], list[StoredPerson]]:
    """Make the licenses of some numbers, and who bought them, as an order does."""
    now = context.now()
    sold, buyers = [], []
    for number, buyer in enumerate(chunk(first, count), first):
        reference = order_reference(number)
        order = Order(PRODUCT, products.STANDARD, {}, None, None, reference, 1, buyer)
        key = license_key.make(context.randomness.bits(license_key.RANDOM_BITS))
        license_ = make_license(context, order, now, key)
        sold.append(license_)
        buyers.append(people.buyer(context, license_.license_id, buyer, now))
    return sold, buyers


def _rows(sold: Sequence[NewLicense], buyers: Sequence[StoredPerson]) -> Iterable[Copy]:
    """Give licenses and their buyers as rows for COPY."""
    licenses_, keys, people_ = map(Copy, _FILLED)
    for license_ in sold:
        licenses_.add(licenses.columns_of(license_))
        for digest in license_.key_digests:
            keys.add({"digest": digest, "license_id": license_.license_id})
    for buyer in buyers:
        people_.add({name: getattr(buyer, name) for name in StoredPerson.__slots__})
    return licenses_, keys, people_
