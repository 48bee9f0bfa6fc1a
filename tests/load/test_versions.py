"""Two versions compared slice by slice."""

from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from activation_server import bootstrap
from activation_server.web.admission import House
from activation_server.web.app import create_app
from activation_server.web.doorkeeper import Doorkeeper
from tests.load import requests, versions, wrk
from tests.load.slices import Connection, Slice, requests_of
from tests.load.test_requests import row_of
from tests.web.server import Server


def test_each_slice_is_compared_with_the_one_beside_it():
    # The machine gets slower meanwhile: the medians are as far apart as two of the same version.
    told = versions.told([100, 200, 400, 800], [90, 180, 360, 720])
    assert told.startswith("0.900 of the processor time")
    assert told.endswith("4 pairs): 270 instead of 300 microseconds")


def test_connections_share_a_slice_and_each_check_in_of_it_is_taken(server: Server, tmp_path: Path):
    computers, file = range(3), tmp_path / "requests"
    keyring = server.context.keyring
    seats = [requests.first_seat(keyring, number) for number in computers]
    wrk.write(file, [requests.check_in(keyring, seat) for seat in seats])

    async def run() -> None:
        app = create_app(server.context, bootstrap.is_ready, House(None))
        door: Any = partial(Doorkeeper, app)  # as in `cli/serving.py`
        config = uvicorn.Config(app, http=door, log_config=None, lifespan="off")
        config.load()
        clients = [Connection(config, ServerState()) for _ in range(2)]
        now = Slice(requests_of(file), len(clients))
        for client in clients:
            client.begin(now)
        await now.ended

    server.run(run())
    assert [row_of(server, number)["seq"] for number in computers] == [2, 2, 2]
