"""A full house turns the rest away at the door, and is never full for longer than it works."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
import structlog
from starlette.types import Message, Scope

from activation_server import bootstrap
from activation_server.rules.admission import LEAST, PATIENCE, Rank
from activation_server.web.admission import House
from tests.web.server import (
    PROBLEM_FIELDS,
    Server,
    activation,
    check_in,
    deactivation_of,
    ok,
    reactivations_of,
    refused,
)

MOST = 16
CHECK_IN = "/v1/activations/e0ecab30-bd76-89d5-bbeb-d6e595ba53c2/reactivations"


def filled(server: Server, places: int) -> Server:
    """Give the server with so many check-ins in flight."""
    full = server.with_limits(most=MOST)
    for _ in range(places):
        full.house.enter(Rank.CHECK_IN)
    return full


def test_look_ups_are_turned_away_first_and_check_ins_last(server: Server) -> None:
    answer = server.activated(server.issue(seats=None).license_key)
    calls: dict[str, Callable[[Server], httpx.Response]] = {
        "check_in": lambda full: full.post(reactivations_of(answer), {}),
        "activation": lambda full: full.activate({}),
        "trial": lambda full: full.post("/v1/trials", {}),
        "give_back": lambda full: full.post(deactivation_of(answer), {}),
        "offline": lambda full: full.post("/v1/offline", {}),
        "jwks": lambda full: full.get("/.well-known/jwks.json"),
        "page": lambda full: full.get("/problems"),
        "no call": lambda full: full.get("/no/such/call"),
    }
    look_ups = {"offline", "jwks", "page", "no call"}
    for places, turned_away in (
        (0, set()),
        (7, set()),
        (8, look_ups),
        (11, look_ups),
        (12, set(calls) - {"check_in"}),
        (15, set(calls) - {"check_in"}),
        (16, set(calls)),
    ):
        full = filled(server, places)
        found = {name for name, call in calls.items() if call(full).status_code == 503}
        assert found == turned_away, places
        assert sum(full.house.in_flight.values()) == places
        for path in ("/healthz", "/readyz"):
            assert full.get(path).status_code == 200


def test_whoever_is_turned_away_costs_no_statement_and_no_line(server: Server) -> None:
    answer = server.activated(server.issue().license_key)
    full = filled(server, MOST)
    server.statements.clear()
    with structlog.testing.capture_logs() as lines:
        response = full.reactivate(answer)
    body = refused(response, "OVERLOADED")
    assert (server.statements, lines) == ([], [])
    assert set(body) == PROBLEM_FIELDS | {"retry_after"}
    assert body["server_time"] == "2026-11-22T10:00:00Z"
    assert response.headers["retry-after"] == str(body["retry_after"])
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    server.world.clock.advance(seconds=5)
    assert full.reactivate(answer).json()["server_time"] == "2026-11-22T10:00:05Z"


def test_whoever_is_turned_away_comes_back_spread(server: Server) -> None:
    full = filled(server, MOST)
    waits = {int(full.get("/problems").headers["retry-after"]) for _ in range(50)}
    assert len(waits) >= 4
    assert all(1 <= wait <= 10 for wait in waits)


def test_it_is_full_while_it_works_and_no_longer(server: Server) -> None:
    """More at once than there is room for: some are served, the others when they come again."""
    key = server.issue(seats=None).license_key
    busy = server.with_limits(most=MOST)
    bodies = [activation(key, hardware_id=f"computer {number}") for number in range(40)]

    async def all_at_once() -> list[httpx.Response]:
        return await asyncio.gather(
            *(busy.http.post("/v1/activations", json=body) for body in bodies)
        )

    responses = busy.run(all_at_once())
    served = [response for response in responses if response.status_code == 201]
    for response in responses:
        if response not in served:
            refused(response, "OVERLOADED")
    assert len(served) == MOST // 2
    assert not any(busy.house.in_flight.values())
    for body in bodies:
        assert busy.activate(body).status_code == 201


def test_check_ins_go_before_activations_that_wait(server: Server) -> None:
    """The activations' room is taken by calls that wait for a lock: check-ins go on beside them."""
    answer = server.activated(server.issue().license_key)
    held = server.issue(seats=None)
    busy = server.with_limits(most=MOST)

    async def work() -> tuple[list[httpx.Response], httpx.Response]:
        async with busy.context.database.engine.begin() as connection:
            await connection.exec_driver_sql(
                f"SELECT 1 FROM licenses WHERE license_id = '{held.license.license_id}' FOR UPDATE"
            )
            waiting = [
                asyncio.create_task(
                    busy.http.post(
                        "/v1/activations",
                        json=activation(held.license_key, hardware_id=f"computer {number}"),
                    )
                )
                for number in range(MOST // 2)
            ]
            checked = await busy.http.post(reactivations_of(answer), json=check_in(answer))
            assert busy.house.in_flight[Rank.ACTIVATION] == MOST // 2
            refused(await busy.http.post("/v1/activations", json={}), "OVERLOADED")
        return await asyncio.gather(*waiting), checked

    waited, checked = busy.run(work())
    assert {response.status_code for response in waited} == {201}
    ok(checked)


def call(server: Server, receive: Callable[[], Awaitable[Message]]) -> list[Message]:
    """Call the application as a server does; give what it sent."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": CHECK_IN,
        "raw_path": CHECK_IN.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
        "client": ("203.0.113.7", 50000),
        "server": ("licenses.example.com", 443),
        "scheme": "https",
        "http_version": "1.1",
        "root_path": "",
    }
    server.run(server.app(scope, receive, send))  # type: ignore[arg-type]
    return sent


def test_a_client_that_goes_away_frees_its_place(server: Server) -> None:
    busy = server.with_limits(most=MOST)

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    call(busy, gone)
    assert not any(busy.house.in_flight.values())


def test_whoever_is_still_sending_holds_no_place(server: Server) -> None:
    busy = server.with_limits(most=MOST)
    seen: list[int] = []
    parts = iter([(b"{", True), (b"}", False)])

    async def slowly() -> Message:
        seen.append(busy.house.in_flight[Rank.CHECK_IN])
        body, more = next(parts)
        return {"type": "http.request", "body": body, "more_body": more}

    assert call(busy, slowly)[0]["status"] == 422
    assert seen == [0, 0]
    assert not any(busy.house.in_flight.values())


def test_a_fault_frees_its_place(server: Server) -> None:
    answer = server.activated(server.issue().license_key)
    busy = server.with_limits(most=1)
    server.script("ALTER TABLE activations RENAME TO gone")
    with structlog.testing.capture_logs():
        faults = [busy.reactivate(answer).status_code for _ in range(2)]
    server.script("ALTER TABLE gone RENAME TO activations")
    assert faults == [500, 500]
    assert not any(busy.house.in_flight.values())
    ok(busy.reactivate(answer))


def test_places_come_with_quick_answers_and_go_with_slow_ones(server: Server) -> None:
    busy = server.with_limits(most=LEAST + 2)
    house, rank = busy.house, Rank.CHECK_IN
    for _ in range(LEAST):
        house.enter(rank)
    refused(busy.post(CHECK_IN, {}), "REQUEST_INVALID")
    for _ in range(3):
        house.learn(rank, PATIENCE + 1)
    assert house.places[rank] == LEAST
    refused(busy.post(CHECK_IN, {}), "OVERLOADED")
    for _ in range(3):
        house.learn(rank, PATIENCE)
    assert house.places[rank] == LEAST + 2
    refused(busy.post(CHECK_IN, {}), "REQUEST_INVALID")


def test_without_a_most_everybody_comes_in() -> None:
    house = House(None)
    for _ in range(10_000):
        house.enter(Rank.LOOK_UP)
    assert all(house.has_room(rank) for rank in Rank)


def test_the_log_tells_how_many_were_turned_away(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = structlog.testing.CapturingLogger()  # whatever a command set up that ran in this process
    monkeypatch.setattr(bootstrap, "log", log)
    full = filled(server, MOST)
    for _ in range(3):
        full.activate({})
    full.get("/problems")

    async def told() -> None:
        telling = asyncio.create_task(bootstrap.keep_telling(full.context, interval_seconds=0))
        await asyncio.sleep(0)  # its turn: what there is to tell, it tells at once
        telling.cancel()

    full.run(told())
    [line] = log.calls
    assert (line.method_name, line.args) == ("warning", ("turned_away",))
    assert line.kwargs == {"overloaded_activations": 3, "overloaded_look_ups": 1}
