"""One database and one server for a module's tests; each test brings licenses of its own."""

import asyncio
from collections.abc import Iterator

import pytest

from activation_server.embedded_postgres import EmbeddedPostgres
from tests.conftest import START, Chance, Clock, World, _admin
from tests.web.server import OTHER_PRODUCT, PRODUCT, Server, running


@pytest.fixture(scope="module")
def shared_world(
    postgres: EmbeddedPostgres,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """The means of a server, with a database for the module."""
    name = request.module.__name__.replace(".", "_")
    asyncio.run(_admin(postgres, f"CREATE DATABASE {name} TEMPLATE template_migrated"))
    ledger = tmp_path_factory.mktemp("ledger") / "erasures.jsonl"
    yield World(postgres.url(name), Clock(), Chance(), ledger=ledger)
    asyncio.run(_admin(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="module")
def shared_server(shared_world: World) -> Iterator[Server]:
    """A server with two products, for tests that leave both as they are."""
    with running(shared_world) as server:
        for product in (PRODUCT, OTHER_PRODUCT):
            server.add_product(product)
        yield server


@pytest.fixture
def server(shared_server: Server) -> Server:
    """The module's server, with its clock set back and its notes empty."""
    shared_server.world.clock.now = START
    shared_server.statements.clear()
    return shared_server
