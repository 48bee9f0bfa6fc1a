"""The only composition root: settings in, a running server's means out.

Time and chance come in here and nowhere else.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.crypto import master_key
from activation_server.crypto.master_key import MasterKeyError
from activation_server.crypto.master_keys import MasterKeys
from activation_server.crypto.sealed import KEY_BYTES
from activation_server.embedded_postgres import EmbeddedPostgres
from activation_server.gateways.archive import Archive, recipients
from activation_server.gateways.erasure_ledger import ErasureLedger
from activation_server.rules.errors import OperatorError, UnavailableError
from activation_server.rules.single_sign_on import SignOnRules
from activation_server.rules.staff import SessionTimes
from activation_server.services import audit, erasure, keys, retention
from activation_server.services.context import Context, Randomness
from activation_server.services.identity_provider import Provider, SingleSignOn
from activation_server.services.keys import Unlocking
from activation_server.services.limits import Limits, Quotas
from activation_server.services.looks import TYPED_A_MINUTE, Looks
from activation_server.services.sign_in_limits import SignInLimits
from activation_server.settings import Settings
from activation_server.store import partitions, schema_version
from activation_server.store.database import (
    CONNECTIONS,
    POOL_SIZE,
    Database,
    connection_limit,
    create_engine,
)

MASTER_KEY_NAME = "master.key"
CONNECTIONS_BESIDE = 4  # for what goes on beside workers
_CONNECTIONS_LEFT = 4  # for commands of operators
_UNREACHABLE = "The database can't be reached; check ACTIVATION_DATABASE_URL and that it runs."
log = structlog.get_logger()


def utc_now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)


def random_bytes(count: int) -> bytes:
    """Give bytes that nobody can guess."""
    return os.urandom(count)


@contextmanager
def running_postgres(settings: Settings) -> Iterator[tuple[str, EmbeddedPostgres | None]]:
    """Give the database's URL, with the embedded PostgreSQL started if it is the one."""
    if settings.database_url is not None:
        yield _asyncpg_url(settings.database_url.get_secret_value()), None
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres(settings.data_dir) as postgres:
        yield postgres.url(), postgres


@asynccontextmanager
async def open_context(
    settings: Settings,
    url: str,
    *,
    actor: str = "server",
    migrate: bool = False,
    connections: int = POOL_SIZE,
) -> AsyncIterator[Context]:
    """Connect, see that the schema is current, unlock the keys; close it all at the end.

    `actor` is who acts, on so many connections at most. The embedded database is always migrated;
    an external one by `db upgrade`.
    Raises OperatorError or MasterKeyError with one sentence that says what to do.
    """
    database = Database(create_engine(url, connections))
    try:
        if migrate or settings.embedded:
            await upgrade_schema(database)
        elif not await database.transact(schema_version.is_current):
            msg = (
                "The database's schema is not the one this version needs; "
                "run `activation-server db upgrade`."
            )
            raise OperatorError(msg)
        yield await _context(settings, database, actor)
    except UnavailableError:
        raise OperatorError(_UNREACHABLE) from None
    finally:
        await database.dispose()


async def check_connections(context: Context, workers: int) -> None:
    """See that the database takes the connections of so many workers. Raises OperatorError."""
    needed = workers * CONNECTIONS + CONNECTIONS_BESIDE + _CONNECTIONS_LEFT
    limit = await context.database.transact(connection_limit)
    if needed > limit:
        msg = (
            f"{workers} workers may need {needed} connections, and the database takes {limit}: "
            "set fewer --workers, or a higher max_connections in postgresql.conf."
        )
        raise OperatorError(msg)


async def upgrade_schema(database: Database) -> None:
    """Bring the schema up to the code's, and make the months ahead of what is kept by month."""

    async def months(connection: AsyncConnection) -> None:
        await partitions.ensure(connection, utc_now())

    if not await database.transact(schema_version.is_current):
        from activation_server.store import schema  # noqa: PLC0415 - Alembic takes long to load

        await database.transact(schema.upgrade)
    await database.transact(months)


async def upgrade(url: str) -> str:
    """Bring a database's schema up to the code's; give its revision. Raises OperatorError."""
    database = Database(create_engine(url))
    try:
        await upgrade_schema(database)
        return await database.transact(schema_version.revision)
    except UnavailableError:
        raise OperatorError(_UNREACHABLE) from None
    finally:
        await database.dispose()


def archive_of(settings: Settings) -> Archive:
    """Give the archive, which needs no database. Raises OperatorError."""
    return Archive(settings.archive_directory, recipients(settings.archive_recipients))


def make_master_key(path: Path) -> None:
    """Write a new master key file. Raises FileExistsError, OSError."""
    master_key.make(path, random_bytes(KEY_BYTES))


async def keep_partitions(context: Context, interval_seconds: float = 12 * 3600) -> None:
    """Make the months ahead of what is kept by month, for as long as the server runs."""

    async def work(connection: AsyncConnection) -> None:
        await partitions.ensure(connection, context.now())

    while True:
        try:
            await context.database.transact(work)
        except UnavailableError:
            log.warning("partitions_postponed")
        await asyncio.sleep(interval_seconds)


async def keep_checkpoints(context: Context, interval_seconds: float = 3600) -> None:
    """Sign each day how far the audit log is, for as long as the server runs."""
    while True:
        try:
            signed = await audit.checkpoint_daily(context)
        except UnavailableError:
            log.warning("audit_checkpoint_postponed")
        else:
            if signed is not None:  # a witness, where logs are sent to another machine
                link = signed.checkpoint.link
                log.info("audit_checkpoint", seq=link.seq, digest=link.digest.hex())
        await asyncio.sleep(interval_seconds)


async def keep_retention(context: Context, interval_seconds: float = 3600) -> None:
    """Dispose of what is due, once a day, for as long as the server runs."""
    while True:
        try:
            done = await retention.run_daily(context)
        except UnavailableError:
            log.warning("retention_postponed")
        else:
            if done is not None:
                gone = {name: each["gone"] for name, each in done.classes.items() if each["gone"]}
                log.info("retention_run", **gone)
        await asyncio.sleep(interval_seconds)


async def keep_telling(context: Context, interval_seconds: float = 10) -> None:
    """Log how many were turned away, and why, while it happens; for as long as the server runs."""
    while True:
        if context.limits.turned_away:
            log.warning("turned_away", **context.limits.turned_away)
            context.limits.turned_away.clear()
        await asyncio.sleep(interval_seconds)


async def is_ready(context: Context) -> dict[str, bool]:
    """Tell what the server needs to serve.

    The database, its schema, a key that signs, and every erasure carried out: none is missing
    unless an older backup was restored.
    """
    try:
        current = await context.database.transact(schema_version.is_current)
        signs = current and await keys.can_sign(context)
        erased = current and await erasure.seems_carried_out(context)
    except UnavailableError:
        return {"database": False, "schema": False, "signing_key": True, "erasures": True}
    except OperatorError:
        erased = False
    return {
        "database": True,
        "schema": current,
        "signing_key": signs or not current,
        "erasures": erased or not current,
    }


async def _context(settings: Settings, database: Database, actor: str) -> Context:
    first_start = not await keys.exist(database)
    path = _master_key_file(settings, first_start=first_start)
    master = MasterKeys.of_file(path, random_bytes)
    keyring = await keys.unlock(Unlocking(database, master, random_bytes, utc_now()))
    randomness = Randomness(random_bytes)
    ledger = ErasureLedger(settings.ledger_file, keyring.digester.of_ledger)
    return Context(
        database=database,
        keyring=keyring,
        clock=utc_now,
        randomness=randomness,
        issuer=settings.public_url,
        ledger=ledger,
        archive=archive_of(settings),
        actor=actor,
        newsletter_wording=settings.newsletter_wording,
        limits=Limits(_quotas(settings), time.monotonic_ns),
        reveals_a_day=settings.reveals_a_day,
        sign_in_limits=SignInLimits(
            settings.network_sign_ins, settings.name_sign_ins, time.monotonic_ns
        ),
        session_times=SessionTimes(
            idle=timedelta(minutes=settings.console_idle_minutes),
            longest=timedelta(hours=settings.console_session_hours),
            fresh=timedelta(minutes=settings.console_fresh_minutes),
        ),
        looks=Looks(TYPED_A_MINUTE, time.monotonic_ns),
        sign_on=_single_sign_on(settings),
    )


def _single_sign_on(settings: Settings) -> SingleSignOn | None:
    """Give the means to ask the identity provider, if one is set up. Raises OperatorError."""
    issuer, levels = settings.oidc_issuer, _listed(settings.oidc_acr)
    if issuer is None:
        return None
    secret = _client_secret(settings)

    def make() -> Provider:
        # Authlib takes long to load: only at the first sign-in, and beside the event loop.
        from activation_server.gateways import openid_provider as gateway  # noqa: PLC0415

        client = gateway.Client(issuer, settings.oidc_client_id, secret, levels)
        return gateway.OpenIDProvider(client)

    rules = SignOnRules(
        settings.oidc_name,
        two_factors=settings.oidc_two_factors,
        methods=frozenset(_listed(settings.oidc_amr)),
        levels=frozenset(levels),
        required=settings.oidc_required,
    )
    return SingleSignOn(rules, make)


def _client_secret(settings: Settings) -> str:
    if settings.oidc_client_secret is not None:
        return settings.oidc_client_secret.get_secret_value()
    try:
        secret = (settings.oidc_client_secret_file or Path()).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        secret = ""
    if not secret:
        raise OperatorError(
            "ACTIVATION_OIDC_CLIENT_SECRET_FILE can't be read, or is empty: it holds the client "
            "secret from the identity provider."
        )
    return secret


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _quotas(settings: Settings) -> Quotas:
    return Quotas(
        network_check_ins=settings.network_check_ins,
        network_activations=settings.network_activations,
        network_wrong_keys=settings.network_wrong_keys,
        license_check_ins=settings.license_check_ins,
        license_activations=settings.license_activations,
        token_calls=settings.token_calls,
    )


def _master_key_file(settings: Settings, *, first_start: bool) -> Path:
    path = settings.master_key_file
    if path is None and not settings.embedded:
        msg = (
            "ACTIVATION_MASTER_KEY_FILE is not set: name the file that holds the master key "
            "(make one with `activation-server keys make-master-key FILE`)."
        )
        raise MasterKeyError(msg)
    if path is None:
        path = settings.data_dir / MASTER_KEY_NAME
        if first_start and not path.exists():
            with suppress(FileExistsError):  # another process was first: its key counts
                make_master_key(path)
    return path


def _asyncpg_url(url: str) -> str:
    """Take the URL as PostgreSQL's own tools write it."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() not in {"postgresql", "postgres"}:
        msg = "ACTIVATION_DATABASE_URL must look like postgresql://user:password@host/database."
        raise OperatorError(msg)
    return parsed.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
