"""Prepared requests are answered by the real application; data sets are what it would have made."""

import json
from pathlib import Path
from typing import Any

import httpx

from tests.load import requests, wrk
from tests.load.computers import computer, key_of
from tests.load.conftest import COMPUTERS, LICENSES
from tests.load.data_set import raw_connection
from tests.web.server import Server, ok


def send(server: Server, request: requests.Request) -> httpx.Response:
    path, body = request
    headers = {"Content-Type": "application/json"}
    return server.send("POST", path, content=body, headers=headers)


def stored_seats(server: Server) -> dict[int, requests.Seat]:
    seats = {
        number: requests.first_seat(server.context.keyring, number) for number in range(COMPUTERS)
    }

    async def work() -> dict[int, requests.Seat]:
        async with raw_connection(server.world.url) as connection:
            return await requests.seats_now(connection, seats)

    return server.run(work())


def test_every_computer_of_a_data_set_checks_in_again_and_again(server: Server):
    keyring = server.context.keyring
    for seq in (1, 2):
        for number, seat in stored_seats(server).items():
            assert (seat.number, seat.seq) == (number, seq)
            answer = ok(send(server, requests.check_in(keyring, seat)))
            assert answer["status"] == "reactivated"
            assert answer["notices"] == []
            assert answer["seats"] == {"limit": 3, "used": 1 if number == COMPUTERS - 1 else 3}
    ahead = stored_seats(server)[0]
    for seat in (ahead, ahead.next()):  # prepared together, sent one after the other
        answer = ok(send(server, requests.check_in(keyring, seat)))
        assert answer["notices"] == []


def test_first_activations_take_a_seat_of_a_license_of_their_own(server: Server):
    free = range(LICENSES - 2, LICENSES)
    for request in requests.activations(free):
        answer = ok(send(server, request), 201)
        assert answer["seats"] == {"limit": 3, "used": 1}


def test_a_copied_row_is_the_one_that_an_activation_writes(server: Server):
    copied, asked = row_of(server, 0), LICENSES - 1
    ok(send(server, next(requests.activations(range(asked, asked + 1)))), 201)
    written = row_of(server, asked * 3)
    assert copied.keys() == written.keys()
    for name in copied:
        assert type(copied[name]) is type(written[name]), name
    same = ("outcome", "seq", "coverage", "signing_key", "notices", "app_version", "virtual")
    assert [copied[name] for name in same] == [written[name] for name in same]
    assert [event.kind for event in server.show(key_of(0)).events] == ["activated"] * 3


def row_of(server: Server, number: int) -> dict[str, Any]:
    seat = requests.first_seat(server.context.keyring, number)

    async def work() -> dict[str, Any]:
        question = "SELECT * FROM activations WHERE license_id = $1 AND activation_id = $2"
        async with raw_connection(server.world.url) as connection:
            row = await connection.fetchrow(question, seat.license_id, seat.activation_id)
            return dict(row or {})

    return server.run(work())


def test_all_computers_come_once_before_any_comes_again():
    assert sorted(requests.spread(each, 1000) for each in range(1000)) == list(range(1000))
    assert requests.spread(1000, 1000) == requests.spread(0, 1000)


def test_computers_are_the_same_each_time_and_differ_from_each_other():
    assert computer(5).body(2) == computer(5).body(2)
    assert computer(5).body(2)["request_id"] != computer(5).body(3)["request_id"]
    assert computer(5).hardware_id != computer(12_005).hardware_id
    assert len(computer(5).components) == 5


def test_the_file_holds_each_request_after_its_length(tmp_path: Path):
    file = tmp_path / "requests"
    wrk.write(file, [("/a", b"{}"), ("/b", b'{"n":1}')])
    data, found = file.read_bytes(), []
    while data:
        length = int(data[:8])
        found.append(data[8 : 8 + length])
        data = data[8 + length :]
    heads, _, bodies = zip(*(each.partition(b"\r\n\r\n") for each in found), strict=True)
    assert [head.split(b" ")[1] for head in heads] == [b"/a", b"/b"]
    assert [json.loads(body) for body in bodies] == [{}, {"n": 1}]
    assert [int(head.rpartition(b" ")[2]) for head in heads] == [2, 7]
