"""The real server under the machine: one event loop and engine for a whole run, emptied often."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import uvloop
from sqlalchemy import delete, insert, select

from activation_server.crypto.master_keys import MasterKeys
from activation_server.gateways.archive import Archive
from activation_server.gateways.erasure_ledger import ErasureLedger
from activation_server.rules import audit
from activation_server.services import keys
from activation_server.services.context import Context, Randomness
from activation_server.services.keys import Unlocking
from activation_server.store.database import Connection, Database, create_engine
from activation_server.store.tables import metadata
from tests.conftest import ISSUER, START, Chance, Clock

Result = TypeVar("Result")
MASTER = bytes(range(32))

Backup = dict[str, list[dict[str, Any]]]


# The one row that the migrations make: where the audit log begins.
EMPTY: Backup = {"audit_head": [{"number": 1, "seq": 0, "at": None, "digest": audit.START.digest}]}


@dataclass
class Server:
    """Runs use cases one after the other; `context` is that of the newest start."""

    database: Database
    runner: asyncio.Runner
    clock: Clock = field(default_factory=Clock)
    chance: Chance = field(default_factory=Chance)
    context: Context = field(init=False)

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    def begin_anew(self) -> None:
        """Be a server on an empty database, each time the very same."""
        self.clock.now = START
        self.chance.source.seed(20261122)
        self.restore(EMPTY)

    def start(self) -> None:
        """Start as a process does: unlock the keys, making them first if there are none."""
        master = MasterKeys.of([MASTER], self.chance)
        unlocking = Unlocking(self.database, master, self.chance, self.clock())
        keyring = self.run(keys.unlock(unlocking))
        ledger = ErasureLedger(Path("/nowhere/erasures.jsonl"), keyring.digester.of_ledger)
        randomness = Randomness(self.chance)
        archive = Archive(Path("/nowhere/archive"))
        self.context = Context(
            self.database, keyring, self.clock, randomness, ISSUER, ledger, archive
        )

    def back_up(self) -> Backup:
        """Give all rows of all tables."""

        async def work(connection: Connection) -> Backup:
            found: Backup = {}
            for table in metadata.sorted_tables:
                rows = await connection.execute(select(table))
                found[table.name] = [dict(row) for row in rows.mappings()]
            return found

        return self.run(self.database.transact(work))

    def restore(self, backup: Backup) -> None:
        """Put the rows of a backup in place of all that there are, and start anew."""

        async def work(connection: Connection) -> None:
            for table in reversed(metadata.sorted_tables):
                await connection.execute(delete(table))
            for table in metadata.sorted_tables:
                if rows := backup.get(table.name):
                    await connection.execute(insert(table), rows)

        self.run(self.database.transact(work))
        self.start()


@contextmanager
def running(url: str) -> Iterator[Server]:
    """Keep a loop and an engine open."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        database = Database(create_engine(url))
        try:
            yield Server(database, runner)
        finally:
            runner.run(database.dispose())
