"""Write the migration that brings a database from the newest migration to `store/tables/`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from activation_server.embedded_postgres import EmbeddedPostgres
from activation_server.store import schema
from activation_server.store.database import Database, create_engine


async def _write(url: str, message: str) -> None:
    database = Database(create_engine(url))
    await database.transact(schema.upgrade)
    await database.transact(lambda connection: schema.write_migration(connection, message))
    await database.dispose()


def main() -> int:
    """Make the migration on a throw-away database."""
    message = " ".join(sys.argv[1:]).strip()
    if not message:
        sys.stderr.write('Say what changes: make migration MESSAGE="…"\n')
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="activation-") as directory,
        EmbeddedPostgres(Path(directory)) as postgres,
    ):
        asyncio.run(_write(postgres.url(), message))
    return 0


if __name__ == "__main__":
    sys.exit(main())
