"""The server under the play: read by plain SQL, and killed in the middle of a transaction."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.store.database import Connection, Database
from activation_server.store.tables import metadata
from tests.retention.plain import Fact

Result = TypeVar("Result")


class KilledError(Exception):
    """The process died here."""


@dataclass(frozen=True, slots=True)
class MortalDatabase(Database):
    """A database whose server dies in the n-th transaction from now on, before its commit."""

    fuse: list[int]  # how many transactions are left; empty: it lives

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
        async def mortal(connection: AsyncConnection) -> Result:
            done = await work(connection)
            if self.fuse:
                self.fuse[0] -= 1
                if self.fuse[0] == 0:
                    self.fuse.clear()
                    raise KilledError
            return done

        return await Database.transact(self, mortal)


QUESTIONS = {
    "person": "SELECT license_id, person_id, role, erased_at IS NOT NULL FROM people",
    "seat": "SELECT license_id, activation_id, removed_at, answered_at FROM activations",
    "request": "SELECT license_id, activation_id FROM activations WHERE request_digest <> ''",
    "computer": "SELECT license_id, activation_id, person_id, computer_name IS NOT NULL"
    " FROM person_computers",
    "comment": "SELECT license_id, activation_id, commented_at FROM person_computers"
    " WHERE comments IS NOT NULL",
    "refusal": "SELECT license_id, code, at, times FROM refusals",
    "line": "SELECT license_id, at, kind FROM events",
    "network": "SELECT license_id, 'line', at FROM events WHERE details ? 'network'"
    " UNION ALL SELECT license_id, code, at FROM refusals WHERE evidence ? 'network'",
    "trial": "SELECT trial_license_id, trial_at FROM computers WHERE trial_at IS NOT NULL",
    "hold": "SELECT license_id, hold_id, lifted_at FROM legal_holds",
    "entry": "SELECT seq, at FROM audit_log",
}
UNSTEADY = {"retention_runs", "audit_log", "audit_head", "audit_checkpoints"}


async def facts(connection: Connection) -> set[Fact]:
    """Give everything that is stored."""
    found: set[Fact] = set()
    for kind, question in QUESTIONS.items():
        rows = await connection.exec_driver_sql(question)
        found |= {(kind, *row) for row in rows}
    return found


async def digest(connection: Connection) -> list[Any]:
    """Give a digest of each table, but for what a run writes about itself."""
    names = [table.name for table in metadata.sorted_tables if table.name not in UNSTEADY]
    parts = [f"(SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {n} t)" for n in names]
    return list((await connection.execute(text(f"SELECT {', '.join(parts)}"))).one())
