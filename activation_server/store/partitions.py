"""Monthly partitions: made ahead, and dropped whole when their months are due to go."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

PARTITIONED: Final = ("events", "audit_log")  # by month, on their column `at`
MONTHS_AHEAD = 3
LOCK = 7_305_226_920  # any number that is this project's own


async def ensure(connection: AsyncConnection, now: datetime) -> None:
    """Make the partitions of this month and the next ones; what exists is left alone.

    Rows of a month without one go to the default partition, so nothing is ever lost; a month
    that has rows there already stays there.
    """
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    for table in PARTITIONED:
        for ahead in range(MONTHS_AHEAD + 1):
            await _ensure_month(connection, table, month_of(now, ahead), month_of(now, ahead + 1))


async def before(connection: AsyncConnection, table: str, month: datetime) -> list[str]:
    """Give the partitions of a table for the months before one, the oldest first."""
    rows = await connection.execute(
        text(
            "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
            "WHERE inhparent = to_regclass(:table) AND relname ~ '_[0-9]{4}_[0-9]{2}$' "
            "AND relname < :first ORDER BY relname"
        ),
        {"table": table, "first": f"{table}_{month_of(month):%Y_%m}"},
    )
    return list(rows.scalars())


async def drop(connection: AsyncConnection, name: str) -> None:
    """Drop a partition.

    It locks the whole table: behind a lock that it waits for everyone else queues, so it soon
    gives up.
    """
    await connection.execute(text("SET LOCAL lock_timeout = '2s'"))
    await connection.execute(text(f"DROP TABLE {name}"))  # a name of numbers, see `ensure`


async def drop_before(connection: AsyncConnection, table: str, month: datetime) -> int:
    """Drop every whole month of a table before the one that begins then; give how many.

    Rows of those months that stand in the default partition are deleted.
    """
    names = await before(connection, table, month)
    for name in names:
        await drop(connection, name)
    await connection.execute(
        text(f"DELETE FROM {table}_default WHERE at < :month"),  # noqa: S608 - one of our tables
        {"month": month_of(month)},
    )
    return len(names)


async def _ensure_month(
    connection: AsyncConnection, table: str, start: datetime, end: datetime
) -> None:
    name = f"{table}_{start:%Y_%m}"
    exists = await connection.scalar(text("SELECT to_regclass(:name)"), {"name": name})
    stray = await connection.scalar(
        text(f"SELECT EXISTS (SELECT FROM {table}_default WHERE at >= :start AND at < :end)"),  # noqa: S608 - one of our tables
        {"start": start, "end": end},
    )
    if exists is None and not stray:
        # Identifiers and bounds of DDL can't be parameters; these are made of numbers.
        await connection.execute(
            text(
                f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} "
                f"FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
            )
        )


def month_of(now: datetime, ahead: int = 0) -> datetime:
    """Give the beginning of a time's month, or of one so many months later."""
    months = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1 + ahead
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)
