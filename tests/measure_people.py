"""Measure people at the size of a large vendor: `make measure-people` (PEOPLE=1000000).

Imports so many licenses with real names, then measures what the index costs and gives: time to
find, false candidates against the design value, bytes a person, and that it finds just what a
plain search finds. At last a retention run forgets a tenth of them while check-ins go on.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

from sqlalchemy import text

from activation_server.crypto.vault import BITS
from activation_server.embedded_postgres import EmbeddedPostgres
from activation_server.rules.folding import is_found, words
from activation_server.rules.person import Indexed, Search
from activation_server.services import (
    license_import,
    licensing,
    new_seat,
    people,
    retention,
)
from activation_server.services.calls import Certified
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.store import people as store
from activation_server.store import schema
from activation_server.store.database import Connection, Database, create_engine
from tests import names
from tests.conftest import START, Chance, Clock, World
from tests.services.calls import issue_one, make_request

SEED = 20261124
QUERIES = 300


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def timed(what: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    say(f"{what}: {time.perf_counter() - begun:.1f} s")


def spread(seconds: Sequence[float]) -> str:
    cuts = quantiles(seconds, n=100)
    return f"median {median(seconds) * 1000:.1f} ms, 99th percentile {cuts[98] * 1000:.1f} ms"


async def ask(context: Context, question: str) -> int:
    async def work(connection: Connection) -> int:
        await connection.execute(text("SET LOCAL statement_timeout = 0"))
        return int(await connection.scalar(text(question)) or 0)

    return await context.database.transact(work)


async def migrate(url: str) -> None:
    database = Database(create_engine(url))
    await database.transact(schema.upgrade)
    await database.dispose()


class Plain:
    """A plain search: every word of every name and company, and who has it."""

    def __init__(self) -> None:
        self.words: dict[str, set[int]] = defaultdict(set)

    def add(self, number: int, *texts: str | None) -> None:
        for each in texts:
            for word in words(each or ""):
                self.words[word].add(number)

    def find(self, wanted: str) -> set[int]:
        [folded] = words(wanted)
        found = (some for word, some in self.words.items() if is_found(folded, [word]))
        return set().union(*found)


def write(file: Path, count: int) -> Plain:
    plain = Plain()
    with file.open("w", encoding="utf-8") as out:
        out.write("license_key,product,name,company,email\n")
        for number, person in enumerate(names.people(count, SEED)):
            plain.add(number, person.name, person.company)
            out.write(f'K-{number},p,"{person.name}","{person.company or ""}",{person.email}\n')
    return plain


async def measure_find(context: Context, what: str, wanted: Sequence[str]) -> None:
    seconds = []
    for each in wanted:
        begun = time.perf_counter()
        await licensing.find(context, each)
        seconds.append(time.perf_counter() - begun)
    say(f"find by {what}, {len(wanted)} searches: {spread(seconds)}")


async def candidates(context: Context, wanted: str) -> list[UUID]:
    """Everybody whom the index gives, right or not."""
    vault, search = context.keyring.vault, Search.parse(wanted)
    tokens = [[vault.tokens(parts) for parts in any_of] for any_of in search.alternatives()]

    async def work(connection: Connection) -> list[UUID]:
        return [each.license_id async for each in store.search(connection, tokens)]

    return await context.database.transact(work)


async def compare(context: Context, plain: Plain, count: int, wanted: Sequence[str]) -> None:
    numbers = await _numbers(context, count)
    people.FOUND_LIMIT = count  # every one, for once
    false, differing = [], 0
    for each in wanted:
        found = {numbers[one] for one in await _found(context, each) if one in numbers}
        expected = plain.find(each)
        differing += found != expected
        false.append(len(await candidates(context, each)) - len(expected))
    say(f"{len(wanted)} searches compared with a plain one over all names: {differing} differ")
    # Words of all people that share a token by chance, in the fields where one is looked for.
    design = sum(len(some) for some in plain.words.values()) / 2 ** BITS[Indexed.NAME]
    say(f"false candidates of a word: mean {sum(false) / len(false):.0f}, by design {design:.0f}")


async def _numbers(context: Context, count: int) -> dict[UUID, int]:
    """Tell the numbers of the rows that licenses were imported from."""
    digest = context.keyring.digester.license_key
    keys = {digest("p", "exact", f"K-{number}"): number for number in range(count)}

    async def work(connection: Connection) -> dict[UUID, int]:
        rows = await connection.execute(text("SELECT digest, license_id FROM license_keys"))
        return {row.license_id: keys[row.digest] for row in rows if row.digest in keys}

    return await context.database.transact(work)


async def _found(context: Context, wanted: str) -> Sequence[UUID]:
    async def work(connection: Connection) -> Sequence[UUID]:
        return await people.find(context, connection, wanted)

    return await context.database.transact(work)


async def check_ins(
    context: Context, seats: list[Certified], stop: Callable[[], bool]
) -> list[float]:
    """Check in one after the other until told to stop; give how long each took."""
    seconds, number = [], 10_000_000
    while not stop():
        for index, seat in enumerate(seats):
            number += 1
            begun = time.perf_counter()
            answer = await reactivate(
                context,
                seat.activation.activation_id,
                seat.check_in_token,
                make_request(number, computer=index),
            )
            seconds.append(time.perf_counter() - begun)
            assert isinstance(answer, Certified)
            seats[index] = answer
            if stop():
                break
    return seconds


async def measure_retention(context: Context, due: int) -> None:
    sold = await issue_one(context, seats=None)
    seats = []
    for number in range(200):
        request = make_request(number + 1, sold.license_key, number)
        answer = await new_seat.activate(context, request)
        assert isinstance(answer, Certified)
        seats.append(answer)
    ends = time.perf_counter() + 10
    alone = await check_ins(context, seats, lambda: time.perf_counter() > ends)
    say(f"check-ins, nothing else going on: {spread(alone)}")
    await ask(
        context,
        "WITH due AS (UPDATE people SET contacted_at = now() - interval '9 years' WHERE "
        f"(license_id, person_id) IN (SELECT license_id, person_id FROM people LIMIT {due}) "
        "RETURNING 1) SELECT count(*) FROM due",
    )
    begun = time.perf_counter()
    running = asyncio.create_task(retention.run(context, lambda *_told: None))
    beside = await check_ins(context, seats, running.done)
    gone = (await running).classes["contact"]["gone"]
    say(f"retention run that disposed of {gone:,}: {time.perf_counter() - begun:.1f} s")
    say(f"{len(beside):,} check-ins beside it: {spread(beside)}")


async def measure(url: str, folder: Path, count: int) -> None:
    chance, clock = random.Random(SEED), Clock(START)
    await migrate(url)
    world = World(url, clock, Chance(), ledger=folder / "erasures.jsonl")
    with timed(f"{count:,} rows of real names written"):
        plain = write(folder / "people.csv", count)
    async with world.open() as context:
        await issue_one(context)
        await ask(context, "INSERT INTO products VALUES ('p', 'P', 'EdDSA', now()) RETURNING 1")
        await ask(
            context,
            "INSERT INTO policies SELECT 'p', 'standard', terms, now() FROM policies RETURNING 1",
        )
        with timed("imported, each with a person"):
            await license_import.import_licenses(
                context, folder / "people.csv", lambda *_told: None, dry_run=False
            )
        for table in ("people", "licenses", "license_keys", "events"):
            size = await ask(context, f"SELECT pg_total_relation_size('{table}')")
            parts = await ask(
                context,
                "SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0)::bigint FROM pg_inherits"
                f" WHERE inhparent = '{table}'::regclass",
            )
            say(f"{table}: {(size + parts) / count:.0f} bytes a person")
        every = list(plain.words)
        sample = [
            person for person in names.people(count, SEED) if chance.random() < 4 * QUERIES / count
        ]
        some = chance.sample(sample, QUERIES)
        prefixes = [word[: chance.randint(3, 6)] for word in chance.choices(every, k=QUERIES)]
        await measure_find(context, "e-mail", [str(person.email) for person in some])
        await measure_find(context, "name prefix", prefixes)
        await measure_find(context, "whole name", [str(person.name) for person in some])
        await compare(context, plain, count, prefixes[:100])
        await measure_retention(context, count // 10)


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=1_000_000)
    count = parser.parse_args().people
    with tempfile.TemporaryDirectory(prefix="activation-") as directory:
        Path(directory).chmod(0o755)
        with EmbeddedPostgres(Path(directory)) as postgres:
            asyncio.run(measure(postgres.url(), Path(directory), count))


if __name__ == "__main__":
    main()
