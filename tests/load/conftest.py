"""A few computers of a data set, in a database of the test's own."""

from collections.abc import Iterator

import pytest

from tests.conftest import World, machines_file
from tests.load.data_set import add_policy, copy_chunk, make_chunk, raw_connection
from tests.web.server import Server, running

COMPUTERS, LICENSES = 7, 5  # the third license has one computer, the last two have none


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    """The real application over a database with these computers."""
    if not machines_file().exists():
        pytest.skip("the real computers lie beside a checkout")
    with running(world) as server:

        async def fill() -> None:
            await add_policy(server.context)
            chunk = make_chunk(server.context, range(LICENSES), COMPUTERS)
            async with raw_connection(world.url) as connection:
                await copy_chunk(connection, chunk)

        server.run(fill())
        yield server
