"""Bring the database's schema up to the code's, and tell where they differ."""

import io
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.store.partitions import PARTITIONED
from activation_server.store.schema_version import newest
from activation_server.store.tables import metadata

_MIGRATIONS = Path(__file__).parent / "migrations"
_PARTITIONS = tuple(f"{table}_" for table in PARTITIONED)
MIGRATION_LOCK = 7_305_226_919  # any number that is this project's own


def belongs_to_the_schema(
    item: object,  # noqa: ARG001 - Alembic's signature
    name: str | None,
    kind: str,
    reflected: bool,  # noqa: ARG001, FBT001 - Alembic's signature
    compare_to: object,  # noqa: ARG001 - Alembic's signature
) -> bool:
    """Tell the code's tables from the monthly partitions, which are made while serving."""
    return not (kind == "table" and name is not None and name.startswith(_PARTITIONS))


async def upgrade(connection: AsyncConnection) -> None:
    """Run all migrations that are not yet applied, in one transaction."""
    await connection.run_sync(lambda sync: command.upgrade(_config(sync), "head"))


async def differences(connection: AsyncConnection) -> list[str]:
    """Tell where the database, as migrated, differs from `tables/`."""
    return await connection.run_sync(_differences)


async def write_migration(connection: AsyncConnection, message: str) -> None:
    """Write a migration file for what `tables/` has and the (upgraded) database has not."""
    await connection.run_sync(lambda sync: _write_migration(sync, message))


def _write_migration(connection: Connection, message: str) -> None:
    number = int(newest()) + 1
    command.revision(_config(connection), message, autogenerate=True, rev_id=f"{number:04}")


def _config(connection: Connection) -> Config:
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _differences(connection: Connection) -> list[str]:
    options: dict[str, Any] = {"include_object": belongs_to_the_schema}
    context = MigrationContext.configure(connection, opts=options)
    return [str(difference) for difference in compare_metadata(context, metadata)]
