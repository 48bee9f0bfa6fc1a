"""A request that came as a whole is answered as uvicorn answers it, but by one write."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from activation_server.rules.admission import Rank
from activation_server.web.admission import Admission
from activation_server.web.doorkeeper import Doorkeeper
from activation_server.web.whole import whole

CHECK_IN = "/v1/activations/e0ecab30-bd76-89d5-bbeb-d6e595ba53c2/reactivations"
POST = f"POST {CHECK_IN} HTTP/1.1\r\nHost: x\r\n".encode()
TWO = b"Content-Length: 2\r\n"
WHOLE = POST + b"X-Odd:  y \r\n" + TWO + b"\r\n{}"
JSON = (b"content-type", b"application/json")
LENGTH = (b"content-length", b"4")

App = Callable[[Scope, Receive, Send], Awaitable[None]]


@pytest.mark.parametrize(
    ("data", "rank"),
    [
        (POST + TWO + b"\r\n{}", Rank.CHECK_IN),
        (POST + b"content-length:2\r\nAccept: */*\r\n\r\n{}", Rank.CHECK_IN),
        (POST + TWO + b"Connection: keep-alive\r\n\r\n{}", Rank.CHECK_IN),
        (POST + b"\r\n", Rank.CHECK_IN),
        (b"POST /v1/activations HTTP/1.1\r\nHost: x\r\n" + TWO + b"\r\n{}", Rank.ACTIVATION),
        (b"POST /v1/trials?x=y HTTP/1.1\r\n\r\n", Rank.ACTIVATION),
        (b"GET /problems HTTP/1.1\r\nHost: x\r\n\r\n", Rank.LOOK_UP),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", None),
        (b"GET /%68ealthz HTTP/1.1\r\nHost: x\r\n\r\n", None),
        (POST + TWO + b"\r\n{", None),  # a part is missing
        (POST + TWO + b"\r\n{}G", None),  # another one has begun
        (POST + TWO + TWO + b"\r\n{}", None),
        (POST + b"Content-Length: 2, 2\r\n\r\n{}", None),
        (POST + b"Content-Length: +2\r\n\r\n{}", None),
        (POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}", None),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", None),
        (POST + TWO + b"transfer-encoding: x\r\n\r\n{}", None),
        (POST + TWO + b"Expect: 100-continue\r\n\r\n{}", None),
        (POST + TWO + b"Connection: close\r\n\r\n{}", None),
        (POST + TWO + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n{}", None),
        (POST + b"X: y\r\n Content-Length: 2\r\n\r\n{}", None),  # folded
        (POST + b"Content-Length : 2\r\n\r\n{}", None),
        (b"HEAD /problems HTTP/1.1\r\nHost: x\r\n\r\n", None),
        (b"GET /problems HTTP/1.0\r\n\r\n", None),
        (b"GET /problems\r\n", None),
        (b"", None),
    ],
)
def test_what_is_one_whole_request(data: bytes, rank: Rank | None) -> None:
    found = whole(data)
    assert (found and found.rank) == rank


class Recorder(asyncio.Transport):
    """A connection that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Line:
    """A connection to an application, from the server's side."""

    def __init__(self, app: App) -> None:
        self.state = ServerState()
        self.state.default_headers = [(b"date", b"today")]
        config = uvicorn.Config(
            app, http="httptools", lifespan="off", log_config=None, access_log=False
        )
        config.load()
        open_door = cast("Admission", SimpleNamespace(has_room=lambda *_: True))
        loop = asyncio.get_running_loop()
        self.connection = Doorkeeper(open_door, config, self.state, {}, loop)
        self.recorder = Recorder()
        self.connection.connection_made(self.recorder)

    async def done(self) -> tuple[bytes, bool]:
        """Wait until all requests are answered; give what was written, and whether it is closed."""
        while self.state.tasks:
            await asyncio.gather(*self.state.tasks, return_exceptions=True)
        self.connection.connection_lost(None)
        return b"".join(self.recorder.written), self.recorder.closed


def answering(*messages: dict[str, Any], fault: bool = False) -> App:
    """Make an application that reads its request, and sends these messages."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked = await receive()
        assert (asked["body"], asked["more_body"]) == (b"{}", False)
        assert (scope["method"], scope["path"]) == ("POST", CHECK_IN)
        assert (b"x-odd", b"y ") in scope["headers"]
        for message in messages:
            await send(message)
        if fault:
            raise ValueError

    return app


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": [*headers]}


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


ORDINARY = answering(start(JSON, LENGTH, status=201), body(b"done"))


@pytest.mark.parametrize(
    "app",
    [
        ORDINARY,
        answering(start(JSON), body(b"done")),  # in chunks
        answering(start(JSON, LENGTH), body(b"do", more=True), body(b"ne")),
        answering(start(JSON, LENGTH, (b"connection", b"close")), body(b"done")),
        answering(start(JSON, (b"x", b"a\r\nb: c"), LENGTH), body(b"done")),  # never written so
        answering(start(LENGTH), body(b"too long")),
        answering(start(status=204), body(b"")),
        answering(),
        answering(fault=True),
        answering(start(LENGTH), body(b"do", more=True), fault=True),
    ],
)
def test_both_ways_answer_alike(app: App) -> None:
    async def answered(*parts: bytes) -> tuple[bytes, bool]:
        line = Line(app)
        for part in parts:
            line.connection.data_received(part)
        return await line.done()

    in_parts = asyncio.run(answered(WHOLE[:9], WHOLE[9:]))
    assert asyncio.run(answered(WHOLE)) == in_parts


@pytest.mark.parametrize("fault", [True, False])
def test_an_answer_that_breaks_off_before_its_body_is_a_fault(fault: bool) -> None:
    """uvicorn would have sent its head by then, and could only close."""

    async def answered() -> tuple[bytes, bool]:
        line = Line(answering(start(LENGTH), fault=fault))
        line.connection.data_received(WHOLE)
        return await line.done()

    written, closed = asyncio.run(answered())
    assert written.startswith(b"HTTP/1.1 500 ")
    assert closed


def test_an_ordinary_answer_is_one_write() -> None:
    async def writes() -> int:
        line = Line(ORDINARY)
        line.connection.data_received(WHOLE)
        await line.done()
        return len(line.recorder.written)

    assert asyncio.run(writes()) == 1


def test_a_request_that_comes_meanwhile_waits() -> None:
    async def answers() -> bytes:
        line = Line(ORDINARY)
        line.connection.data_received(WHOLE)
        line.connection.data_received(WHOLE + WHOLE)
        return (await line.done())[0]

    assert asyncio.run(answers()).count(b"HTTP/1.1 201 ") == 3


def test_the_server_that_ends_closes_behind_the_answer() -> None:
    async def answered() -> tuple[bytes, bool]:
        line = Line(ORDINARY)
        line.connection.data_received(WHOLE)
        line.connection.shutdown()
        return await line.done()

    written, closed = asyncio.run(answered())
    assert b"\r\nconnection: close\r\n" in written
    assert closed


def test_nobody_is_answered_who_has_gone() -> None:
    async def writes() -> list[bytes]:
        line = Line(ORDINARY)
        line.connection.data_received(WHOLE)
        line.connection.connection_lost(ConnectionResetError())
        await asyncio.gather(*line.state.tasks)
        return line.recorder.written

    assert asyncio.run(writes()) == []
