"""Which migration a database is at, told without Alembic: it takes long to load."""

from functools import cache
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

VERSIONS = Path(__file__).parent / "migrations" / "versions"


async def revision(connection: AsyncConnection) -> str:
    """Give the revision that the database is at; empty when it has none."""
    if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return ""
    return str(await connection.scalar(text("SELECT version_num FROM alembic_version")) or "")


async def is_current(connection: AsyncConnection) -> bool:
    """Tell whether the newest migration is applied."""
    return await revision(connection) == newest()


@cache
def newest() -> str:
    """Give the newest migration's revision: its file's name begins with it."""
    return max(file.name[:4] for file in VERSIONS.glob("[0-9]*.py"))
