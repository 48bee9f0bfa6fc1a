"""While the database is away the server says so, and when to come back; then it goes on."""

import asyncio
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import asyncpg
import psutil
import pytest

from activation_server.embedded_postgres import EmbeddedPostgres
from tests.conftest import Chance, Clock, World, _make_template
from tests.web.server import PRODUCT, Json, Server, activation, check_in, ok, refused, running

pytestmark = pytest.mark.xdist_group("unavailable")  # one server for all of them

DATABASE = "template_migrated"
CONNECTIONS = 8  # as many as the cluster is set to take
DEADLINE = 30  # seconds
CHANCE = Chance()  # goes on from test to test, as the database does


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that these tests may stop, with room for few connections."""
    with (
        tempfile.TemporaryDirectory(prefix="activation-") as directory,
        EmbeddedPostgres(Path(directory)) as started,
    ):
        asyncio.run(_make_template(started))
        with (Path(directory) / "postgres" / "postgresql.conf").open("a") as settings:
            settings.write(f"max_connections = {CONNECTIONS}\nsuperuser_reserved_connections = 0\n")
        started.stop()
        started.start()
        yield started


@pytest.fixture
def away(own_postgres: EmbeddedPostgres) -> Iterator[Server]:
    """A server on that PostgreSQL, which runs at the beginning."""
    own_postgres.start()
    with running(World(own_postgres.url(DATABASE), Clock(), CHANCE)) as server:
        if server.rows()["products"] == 0:
            server.add_product(PRODUCT)
        yield server
        own_postgres.start()


def see_it_away(server: Server, answer: Json, body: Json) -> None:
    """See that each call that needs the database says when to come back."""
    for response in (
        server.activate(body),
        server.reactivate(answer),
        server.deactivate(answer),
        server.get("/.well-known/jwks.json"),
    ):
        told = refused(response, "OVERLOADED")
        assert response.status_code == 503
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["retry-after"] == str(told["retry_after"])
        assert 1 <= told["retry_after"] <= 10
        assert told["server_time"] == "2026-11-22T10:00:00Z"
    ready = server.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["status"] == "not ready"
    assert ready.json()["checks"]["database"] is False
    alive = server.get("/healthz")
    assert (alive.status_code, alive.json()["status"]) == (200, "ok")
    refused(server.activate({}), "REQUEST_INVALID")  # needs no database


def test_a_server_without_a_key_that_signs_is_not_ready(server: Server) -> None:
    server.script("UPDATE signing_keys SET signs_since = NULL")
    ready = server.get("/readyz")
    server.script("UPDATE signing_keys SET signs_since = created_at")
    assert ready.status_code == 503
    assert ready.json()["checks"] == {
        "database": True,
        "schema": True,
        "signing_key": False,
        "erasures": True,
    }
    assert server.get("/readyz").status_code == 200


def see_it_back(server: Server, answer: Json, body: Json) -> None:
    """See that everything goes on, and that nothing happened meanwhile."""
    assert server.get("/readyz").status_code == 200
    assert ok(server.activate(body), 201)["seats"]["used"] == 2
    assert ok(server.reactivate(answer))["notices"] == []
    assert server.get("/.well-known/jwks.json").status_code == 200


def started(server: Server) -> tuple[Json, Json]:
    """Give an activation, and a request for another that is sent while the database is away."""
    key = server.issue(seats=2).license_key
    answer = server.activated(key)
    return answer, activation(key, hardware_id="another computer")


def test_stopped_and_started_again(away: Server, own_postgres: EmbeddedPostgres) -> None:
    answer, body = started(away)
    own_postgres.stop()
    see_it_away(away, answer, body)
    see_it_away(away, answer, body)
    own_postgres.start()
    see_it_back(away, answer, body)


def test_shutting_down(away: Server, own_postgres: EmbeddedPostgres) -> None:
    """PostgreSQL answers that it takes nobody new (SQLSTATE 57P03)."""
    answer, body = started(away)
    away.run(away.context.database.dispose())
    postmaster = psutil.Process(own_postgres.pid)
    staying = away.run(asyncpg.connect(plain_url(own_postgres)))
    postmaster.send_signal(signal.SIGTERM)  # waits for those who stay
    away.run(refused_connection(own_postgres))
    see_it_away(away, answer, body)
    away.run(staying.close())
    postmaster.wait(DEADLINE)
    own_postgres.start()
    see_it_back(away, answer, body)


def plain_url(postgres: EmbeddedPostgres) -> str:
    return postgres.url(DATABASE).replace("+asyncpg", "")


async def refused_connection(postgres: EmbeddedPostgres) -> None:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        try:
            await (await asyncpg.connect(plain_url(postgres))).close()
        except asyncpg.CannotConnectNowError:
            return
    raise AssertionError


def test_all_connections_taken(away: Server, own_postgres: EmbeddedPostgres) -> None:
    """PostgreSQL has no connection left (SQLSTATE 53300)."""
    answer, body = started(away)
    away.run(away.context.database.dispose())
    connect = partial(asyncpg.connect, plain_url(own_postgres))
    taken = [away.run(connect()) for _ in range(CONNECTIONS)]
    with pytest.raises(asyncpg.TooManyConnectionsError):
        away.run(connect())
    see_it_away(away, answer, body)
    for connection in taken:
        away.run(connection.close())
    see_it_back(away, answer, body)


def kill_sessions(postgres: EmbeddedPostgres) -> None:
    """End all sessions from outside, as an administrator or a failover does."""

    async def work() -> None:
        connection = await asyncpg.connect(plain_url(postgres))
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        await connection.close()

    asyncio.run(work())


def crash(postgres: EmbeddedPostgres) -> None:
    """Kill the server at once, and start it again, which replays its log."""
    process = psutil.Process(postgres.pid)
    for each in (process, *process.children()):
        with suppress(psutil.NoSuchProcess):  # the others end by themselves once one is gone
            each.kill()
    process.wait(DEADLINE)
    postgres.start()


def restart(postgres: EmbeddedPostgres) -> None:
    postgres.stop()
    postgres.start()


@pytest.mark.parametrize("happening", [kill_sessions, crash, restart])
def test_lost_connections_are_not_noticed(
    away: Server, own_postgres: EmbeddedPostgres, happening: Callable[[EmbeddedPostgres], None]
) -> None:
    """Whoever asks next gets an answer: the unit of work is done once more, elsewhere."""
    answer, body = started(away)
    checked = check_in(answer)
    happening(own_postgres)
    assert ok(away.activate(body), 201)["seats"]["used"] == 2
    happening(own_postgres)
    first = ok(away.reactivate(answer, checked))
    assert away.get("/readyz").status_code == 200
    assert ok(away.reactivate(answer, checked)) == first


def test_coming_back_is_spread(away: Server, own_postgres: EmbeddedPostgres) -> None:
    body = activation("no matter which")
    own_postgres.stop()
    waits = {int(away.activate(body).headers["retry-after"]) for _ in range(50)}
    assert len(waits) >= 4
