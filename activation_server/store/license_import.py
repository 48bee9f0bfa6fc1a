"""Licenses on their way in: staged in a table of the transaction's own, compared, written.

Nothing but the last step touches a table that others use, and that step only adds: activations
go on meanwhile.
"""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.errors import OperatorError
from activation_server.rules.person import Role
from activation_server.store.driver import driver_of

ALONE_LOCK = 7_305_226_921  # any number that is this project's own
_STAGE = "license_import"

# Reading, comparing and writing take as long as the file is long.
_PATIENCE = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = '10min'",
    "SET LOCAL work_mem = '64MB'",
)
_CREATE = """
    CREATE TEMPORARY TABLE license_import (
        line integer NOT NULL,
        digest bytea NOT NULL,
        folded bytea,
        license_id uuid,
        product text,
        policy text,
        status text,
        overrides text,
        issued_at timestamptz,
        expires_at timestamptz,
        maintenance_until timestamptz,
        order_sealed bytea,
        order_token integer,
        key_tail text,
        key_sealed bytea,
        hardware_salt bytea,
        event_id uuid,
        person_id uuid,
        wrapped_key bytea,
        name bytea,
        company bytea,
        email bytea,
        tokens integer[]
    ) ON COMMIT DROP
"""
_REPEATED = text("""
    SELECT line, first FROM (
        SELECT line, min(line) OVER (PARTITION BY digest) AS first FROM license_import
    ) AS numbered
    WHERE line <> first ORDER BY line
""")
_DROP_KNOWN = text("""
    DELETE FROM license_import USING license_keys WHERE license_keys.digest = license_import.digest
""")
_WRITE_LICENSES = text("""
    INSERT INTO licenses (
        license_id, product, policy, status, status_at, overrides, issued_at, expires_at,
        maintenance_until, order_sealed, order_token, key_tail, key_sealed, hardware_salt,
        seats_used
    )
    SELECT
        license_id, product, policy, status, :at, overrides::jsonb, issued_at, expires_at,
        maintenance_until, order_sealed, order_token, key_tail, key_sealed, hardware_salt, 0
    FROM license_import WHERE line > :after AND line <= :through
""")
_WRITE_KEYS = text("""
    INSERT INTO license_keys (digest, license_id)
    SELECT digest, license_id FROM license_import WHERE line > :after AND line <= :through
""")
# A folded form that two keys share leads to neither: they must be typed exactly.
_WRITE_FOLDED = text("""
    INSERT INTO license_keys (digest, license_id)
    SELECT folded, CASE count(*) WHEN 1 THEN (array_agg(license_id))[1] END
    FROM license_import WHERE line > :after AND line <= :through AND folded IS NOT NULL
    GROUP BY folded
    ON CONFLICT (digest) DO UPDATE SET license_id = NULL
""")
_WRITE_BUYERS = text("""
    INSERT INTO people (
        license_id, person_id, role, wrapped_key, name, company, email, tokens, contacted_at
    )
    SELECT license_id, person_id, :role, wrapped_key, name, company, email, tokens, :at
    FROM license_import WHERE line > :after AND line <= :through AND person_id IS NOT NULL
""")
_WRITE_EVENTS = text("""
    INSERT INTO events (license_id, at, event_id, kind, details)
    SELECT license_id, :at, event_id, :kind, '{}'
    FROM license_import WHERE line > :after AND line <= :through
""")


class StagedLicense(NamedTuple):
    """A row to be staged, its fields in the order of the staging table's columns.

    `digest` is of the form that makes the key this one and no other; `folded` leads to it as
    well, as long as no other key shares it. A row that is only compared has nothing further.
    """

    line: int
    digest: bytes
    folded: bytes | None = None
    license_id: UUID | None = None
    product: str | None = None
    policy: str | None = None
    status: str | None = None
    overrides: str | None = None  # JSON
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    maintenance_until: datetime | None = None
    order_sealed: bytes | None = None
    order_token: int | None = None
    key_tail: str | None = None
    key_sealed: bytes | None = None
    hardware_salt: bytes | None = None
    event_id: UUID | None = None
    person_id: UUID | None = None
    wrapped_key: bytes | None = None
    name: bytes | None = None
    company: bytes | None = None
    email: bytes | None = None
    tokens: Sequence[int] | None = None


async def begin(connection: AsyncConnection, *, alone: bool) -> None:
    """Make the staging table; `alone` lets no other import write until this one has ended.

    Raises OperatorError when another import is running.
    """
    for statement in _PATIENCE:
        await connection.execute(text(statement))
    locking = text("SELECT pg_try_advisory_xact_lock(:key)")
    if alone and not await connection.scalar(locking, {"key": ALONE_LOCK}):
        raise OperatorError("Another import is running; wait for its end and start this one again.")
    await connection.execute(text(_CREATE))


async def stage(connection: AsyncConnection, rows: AsyncIterable[StagedLicense]) -> None:
    """Copy rows into the staging table as they come; a few hundred are in memory at a time."""
    async with driver_of(connection) as driver:
        await driver.copy_records_to_table(_STAGE, records=rows)
    await connection.execute(text("CREATE INDEX ON license_import (line)"))
    await connection.execute(text("ANALYZE license_import"))


async def repeated(connection: AsyncConnection) -> AsyncIterator[tuple[int, int]]:
    """Give each line whose key stands on an earlier line already, with the first such line."""
    async with connection.stream(_REPEATED) as rows:
        async for line, first in rows:
            yield line, first


async def drop_known(connection: AsyncConnection) -> int:
    """Drop the staged rows whose key the database has already; give their number."""
    return (await connection.execute(_DROP_KNOWN)).rowcount


async def write(
    connection: AsyncConnection, after: int, through: int, kind: str, at: datetime
) -> None:
    """Write the staged licenses of some lines, with an event of one kind each.

    Raises OperatorError when another one added such a key meanwhile.
    """
    lines = {"after": after, "through": through}
    try:
        await connection.execute(_WRITE_LICENSES, {**lines, "at": at.replace(microsecond=0)})
        await connection.execute(_WRITE_KEYS, lines)
        await connection.execute(_WRITE_FOLDED, lines)
        await connection.execute(_WRITE_EVENTS, {**lines, "kind": kind, "at": at})
        contact = {"role": Role.BUYER, "at": at.replace(microsecond=0)}
        await connection.execute(_WRITE_BUYERS, {**lines, **contact})
    except IntegrityError:
        raise OperatorError(
            "A key of the file was added by someone else meanwhile, so nothing was imported; "
            "start the import again."
        ) from None
