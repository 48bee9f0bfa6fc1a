"""Where a row is measured: a data set's PostgreSQL, servers on cores of their own, requests."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count as count_up
from pathlib import Path
from statistics import median
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import psutil

from activation_server import bootstrap
from activation_server.crypto.keyring import Keyring
from activation_server.embedded_postgres import EmbeddedPostgres
from tests.end_to_end.server import Server, environment
from tests.load import requests, wrk
from tests.load.data_set import DataSet, copy_licenses, raw_connection, settings_of

Result = TypeVar("Result")

# Settings of the server that is measured, by their environment variables: the defaults, but for
# limits that one address with all computers behind it would meet.
SERVER_SETTINGS = {
    "ACTIVATION_NETWORK_CHECK_INS": "none",
    "ACTIVATION_NETWORK_ACTIVATIONS": "none",
}
WORKERS = "ACTIVATION_WORKERS"
_COMMIT_SECONDS = 3

AVAILABLE = os.sched_getaffinity(0)


@dataclass(frozen=True, slots=True)
class Cores:
    """Which cores do what: the server has its own."""

    server: frozenset[int]
    database: frozenset[int]
    load: frozenset[int]

    @classmethod
    def of(cls, available: Iterable[int], workers: int = 1) -> "Cores":
        """Share cores out. Where there are few, PostgreSQL and the load generator share them."""
        cores = sorted(available)
        server, rest = frozenset(cores[:workers]), cores[workers:] or cores
        if len(rest) < 3:
            return cls(server, frozenset(rest), frozenset(rest))
        return cls(server, frozenset(rest[:-1]), frozenset(rest[-1:]))


def pin(pid: int, cores: frozenset[int]) -> None:
    """Keep a process, all its threads and what it starts, on these cores."""
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        with suppress(psutil.NoSuchProcess, ProcessLookupError):  # it ended meanwhile
            for thread in process.threads():
                os.sched_setaffinity(thread.id, cores)


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers."""

    name: str
    address: str
    pid: int


@dataclass
class Stage:
    """A data set whose PostgreSQL runs."""

    data: DataSet
    cores: Cores
    url: str
    keyring: Keyring = field(repr=False)
    scratch: Path = field(repr=False)  # requests and logs
    _numbers: Iterator[int] = field(default_factory=count_up, repr=False)  # of files

    @contextmanager
    def server(self, workers: int = 1) -> Iterator[Served]:
        """Start the server as an operator does."""
        log = self.scratch / "server.log"
        extra = {**SERVER_SETTINGS, **({} if workers == 1 else {WORKERS: str(workers)})}
        with Server(self.data.folder, log, extra=extra) as server:
            assert server.process is not None
            pin(server.process.pid, self.cores.server)
            yield Served("server", server.address, server.process.pid)

    @contextmanager
    def baseline(self, name: str) -> Iterator[Served]:
        """Start one of the baselines, on the same data and cores."""
        command = (sys.executable, "-m", f"tests.load.baselines.{name}")
        with (
            (self.scratch / f"{name}.log").open("w", encoding="utf-8") as log,
            subprocess.Popen(
                command,
                env=environment(self.data.folder, {}),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            ) as process,
        ):
            assert process.stdout is not None
            try:
                address = process.stdout.readline().strip()
                if not address:
                    raise wrk.InvalidRunError(f"{name} did not start: see {log.name}")
                pin(process.pid, self.cores.server)
                yield Served(name, address, process.pid)
            finally:
                process.terminate()

    def check_ins(self, count: int) -> Path:
        """Prepare check-ins of the next computers, spread over the tables."""
        begun, all_of_them = self._take("cursor", count), self.data.activations
        numbers = [requests.spread(begun + each, all_of_them) for each in range(count)]
        return self.check_ins_of(numbers, fresh=begun + count <= all_of_them)

    def check_ins_of(self, numbers: Sequence[int], *, fresh: bool = False) -> Path:
        """Prepare a check-in of each of these computers; `fresh`: none checked in before.

        One that comes again sends the token that its check-in before will have got.
        """
        seats = {number: requests.first_seat(self.keyring, number) for number in numbers}
        if not fresh:
            seats = self._database(requests.seats_now, seats)

        def each() -> Iterator[requests.Request]:
            for number in numbers:
                yield requests.check_in(self.keyring, seats[number])
                seats[number] = seats[number].next()

        return self._written(each())

    def activations(self, count: int) -> Path:
        """Issue licenses, and prepare the first activation of each."""
        begun = self.data.licenses + self._take("issued", count)
        numbers = range(begun, begun + count)
        list(copy_licenses(self.url, self.data.folder, numbers, self.data.activations))
        return self._written(requests.activations(numbers))

    def _written(self, prepared: Iterable[requests.Request]) -> Path:
        file = self.scratch / f"requests-{next(self._numbers)}"
        wrk.write(file, prepared)
        return file

    def discard_requests(self) -> None:
        """Delete what was prepared, after it was sent."""
        for file in self.scratch.glob("requests-*"):
            file.unlink()

    def ask(self, question: str) -> Any:
        """Ask the database for one value."""

        async def work(connection: asyncpg.Connection) -> Any:
            return await connection.fetchval(question)

        return self._database(work)

    def durability(self) -> str:
        """Tell by the database's own word whether what is committed is on the disk."""
        told = {name: self.ask(f"SHOW {name}") for name in ("fsync", "synchronous_commit")}
        return "PostgreSQL: " + ", ".join(f"{name} {value}" for name, value in told.items())

    def disk(self) -> str:
        """Tell how long a lone commit takes: the share of the disk in an answer's time."""
        times = self._database(_commit_times)
        late = times[int(len(times) * 0.99)]
        return (
            f"the disk: half of {len(times):,} lone commits within {median(times):.1f} ms, "
            f"99 % within {late:.1f} ms"
        )

    def read_into_buffers(self) -> str:
        """Have PostgreSQL read all that check-ins touch, as they do within minutes; tell of it."""
        began = time.monotonic()
        self._database(_read_all)
        size = self.ask(
            "SELECT sum(pg_relation_size(oid))::float FROM pg_class WHERE relname IN"
            " ('activations', 'activations_pkey', 'licenses', 'licenses_pkey')"
        )
        return (
            f"read into PostgreSQL's buffers before: {size / 1e9:.1f} GB in "
            f"{time.monotonic() - began:.0f} s, shared_buffers {self.ask('SHOW shared_buffers')}"
        )

    def _database(self, work: Callable[..., Awaitable[Result]], *arguments: object) -> Result:
        async def opened() -> Result:
            async with raw_connection(self.url) as connection:
                return await work(connection, *arguments)

        return asyncio.run(opened())

    def _take(self, name: str, count: int) -> int:
        """Count what is used of a data set, which may be kept; give how much was before."""
        file = self.data.folder / "used.json"
        used = json.loads(file.read_text("ascii")) if file.exists() else {}
        begun = int(used.get(name, 0))
        file.write_text(json.dumps({**used, name: begun + count}), "ascii")
        return begun


@contextmanager
def stage(data: DataSet, workers: int = 1) -> Iterator[Stage]:
    """Run a data set's PostgreSQL, and keep this process and wrk off the server's cores."""
    cores = Cores.of(AVAILABLE, workers)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores.database)  # PostgreSQL inherits it
    try:
        with (
            EmbeddedPostgres(data.folder) as postgres,
            tempfile.TemporaryDirectory(prefix="activation-bench-") as scratch,
        ):
            os.sched_setaffinity(0, cores.load)
            url = postgres.url()
            yield Stage(data, cores, url, asyncio.run(_keyring(data, url)), Path(scratch))
    finally:
        os.sched_setaffinity(0, before)


async def _read_all(connection: asyncpg.Connection) -> None:
    """Read the rows of check-ins by their keys: a plain scan of a big table passes buffers by."""
    for scan in ("seqscan", "indexscan", "indexonlyscan"):
        await connection.execute(f"SET enable_{scan} = off")
    await connection.execute("SET max_parallel_workers_per_gather = 0")
    await connection.execute("SET work_mem = '1GB'")
    for table in ("licenses", "activations"):
        question = f"SELECT count(*) FROM {table} WHERE license_id >= $1"
        await connection.fetchval(question, UUID(int=0))


async def _commit_times(connection: asyncpg.Connection) -> list[float]:
    """Commit one small row after the other; gives the milliseconds of each, the shortest first."""
    await connection.execute("CREATE TABLE lone_commits (number int)")
    times = []
    end = time.monotonic() + _COMMIT_SECONDS
    while (began := time.monotonic()) < end:
        await connection.execute("INSERT INTO lone_commits VALUES (1)")
        times.append(1000 * (time.monotonic() - began))
    await connection.execute("DROP TABLE lone_commits")
    return sorted(times)


async def _keyring(data: DataSet, url: str) -> Keyring:
    async with bootstrap.open_context(settings_of(data.folder), url) as context:
        return context.keyring
