"""How long `audit verify` takes; run by `make measure-audit`."""

import argparse
import asyncio
import json
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import insert, text

from activation_server import bootstrap
from activation_server.embedded_postgres import EmbeddedPostgres
from activation_server.rules.audit import START, Action, Entry, chained
from activation_server.services import audit
from activation_server.services.context import Context
from activation_server.settings import Settings
from activation_server.store.database import Connection
from activation_server.store.tables import audit_head, audit_log

BATCH = 5000


def main() -> None:
    """Fill a log of its own with look-ups, verify it, and print both times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    entries = parser.parse_args().entries
    with (
        tempfile.TemporaryDirectory(prefix="measure-") as directory,
        EmbeddedPostgres(Path(directory)) as postgres,
    ):
        asyncio.run(measure(Settings(data_dir=Path(directory)), postgres.url(), entries))


async def measure(settings: Settings, url: str, entries: int) -> None:
    async with bootstrap.open_context(settings, url) as context:
        await fill(context, entries)
        began = time.perf_counter()
        found = await audit.verify(context, lambda _done, _total: None)
        took = time.perf_counter() - began
        assert (found.broken, found.walk.entries) == (None, entries), found.broken
        print(f"{entries:,} entries verified in {took:.1f} s: {entries / took:,.0f} a second.")  # noqa: T201 - its result


async def fill(context: Context, entries: int) -> None:
    """Write entries as `note` does, but many at once."""
    head, began = START, context.clock()
    for first in range(1, entries + 1, BATCH):
        rows = []
        for seq in range(first, min(first + BATCH, entries + 1)):
            at = began + timedelta(seconds=seq)
            details = {"found": seq % 5}
            entry = Entry(seq, at, "ana", Action.SHOWN, UUID(int=seq), None, details, bytes(40))
            new = chained(head, entry)
            head = new.link()
            columns = {name: getattr(entry, name) for name in Entry.__slots__}
            rows.append(
                {
                    **columns,
                    "details": json.dumps(details),
                    "previous": new.previous,
                    "digest": new.digest,
                }
            )

        async def work(connection: Connection, rows: list[dict[str, object]] = rows) -> None:
            await connection.execute(insert(audit_log), rows)

        await context.database.transact(work)

    async def finish(connection: Connection) -> None:
        await connection.execute(
            audit_head.update().values(seq=head.seq, at=head.at, digest=head.digest)
        )
        await connection.execute(text("ANALYZE audit_log"))

    await context.database.transact(finish)


if __name__ == "__main__":
    main()
