"""Check that what stands beside the code is in step with it: `schemas/` and the migrations.

Run by `make lint` as `python -m scripts.check_in_step`; exits with 1 and a sentence for each
thing that is not.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from sqlalchemy import MetaData

from activation_server.contract import export
from activation_server.embedded_postgres import EmbeddedPostgres
from activation_server.store import schema
from activation_server.store.database import Database, create_engine
from activation_server.store.tables import Privacy, metadata

SCHEMAS = Path(__file__).parents[1] / "schemas"


def main() -> None:
    """Check everything, and tell all faults."""
    faults = [
        *(f"Out of step, see `make schemas`: schemas/{fault}" for fault in stale_schemas()),
        *(f"{column} names no privacy class in `info`." for column in unclassified(metadata)),
        *(f"The migrations do not make tables.py: {fault}" for fault in migration_differences()),
    ]
    if faults:
        sys.exit("\n".join(faults))


def stale_schemas() -> list[str]:
    """Name the files of the published contract that are not what the code says."""
    return export.differences(SCHEMAS)


def unclassified(tables: MetaData) -> list[str]:
    """Give the columns that do not say what kind of data they hold."""
    return [
        f"{table.name}.{column.name}"
        for table in tables.sorted_tables
        for column in table.columns
        if not isinstance(column.info.get("privacy"), Privacy)
    ]


def migration_differences() -> list[str]:
    """Migrate an empty PostgreSQL, and tell where it differs from `store/tables.py`."""
    with (
        tempfile.TemporaryDirectory(prefix="check-in-step-") as directory,
        EmbeddedPostgres(Path(directory)) as postgres,
    ):
        return asyncio.run(_migrated_differences(postgres.url()))


async def _migrated_differences(url: str) -> list[str]:
    database = Database(create_engine(url))
    try:
        await database.transact(schema.upgrade)
        return await database.transact(schema.differences)
    finally:
        await database.engine.dispose()


if __name__ == "__main__":
    main()
