"""Check that what stands beside the code is in step with it: `schemas/`, docs, the migrations.

Run by `make lint` as `python -m scripts.check_in_step`; exits with 1 and a sentence for each
thing that is not.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from activation_server.contract import export
from activation_server.embedded_postgres import EmbeddedPostgres
from activation_server.store import schema
from activation_server.store.column_map import unclassified
from activation_server.store.database import Database, create_engine
from activation_server.store.tables import metadata
from scripts import privacy_page
from scripts.privacy_page import PAGE

SCHEMAS = Path(__file__).parents[1] / "schemas"


def main() -> None:
    """Check everything, and tell all faults."""
    silent = unclassified(metadata)
    if silent:
        sys.exit("\n".join(f"{name} does not say in `info` what it holds." for name in silent))
    faults = [
        *(f"Out of step, see `make schemas`: schemas/{fault}" for fault in stale_schemas()),
        *(f"Out of step, see `make schemas`: docs/{name}" for name in stale_page(PAGE)),
        *(
            f"The migrations do not make store/tables/: {fault}"
            for fault in migration_differences()
        ),
    ]
    if faults:
        sys.exit("\n".join(faults))


def stale_schemas() -> list[str]:
    """Name the files of the published contract that are not what the code says."""
    return export.differences(SCHEMAS)


def stale_page(page: Path) -> list[str]:
    """Name the page on personal data when its column map is not what the code says."""
    text = page.read_text("utf-8")
    return [] if text == privacy_page.current(text) else [page.name]


def migration_differences() -> list[str]:
    """Migrate an empty PostgreSQL, and tell where it differs from `store/tables/`."""
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
        await database.dispose()


if __name__ == "__main__":
    main()
