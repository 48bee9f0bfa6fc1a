"""The log finds every request and every fault, and holds nothing that anybody sent.

A real `activation-server serve`, at its most talkative, is sent marks in every place that takes
text, in calls that are granted, refused, malformed and broken. What it then wrote is searched.
"""

import base64
import json
import os
import re
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from activation_server.embedded_postgres import EmbeddedPostgres
from tests.web.server import (
    Json,
    Server,
    check_in,
    deactivation,
    deactivation_of,
    new_id,
    new_nonce,
    ok,
    reactivations_of,
)

pytestmark = pytest.mark.xdist_group("observability")  # one server for all of them

DEADLINE = 30  # seconds


@dataclass
class Marks:
    """Texts that must not be found again, each its own."""

    all: set[str] = field(default_factory=set)

    def keep(self, text: str) -> str:
        self.all.add(text)
        return text

    def text(self) -> str:
        return self.keep(f"MARK{uuid.uuid4().hex[:16]}")

    def email(self) -> str:
        return f"{self.text()}@{self.text()}.example"

    def body(self, key: str, product: str) -> Json:
        """An activation request with a mark in every field."""
        nonce = base64.urlsafe_b64encode(self.text().encode()).decode().rstrip("=")
        return {
            "request_id": self.keep(new_id()),
            "nonce": self.keep(nonce),
            "license_key": self.keep(key),
            "product": product,
            "name": self.text(),
            "company": self.text(),
            "email": self.email(),
            "comments": self.text(),
            "newsletter": True,
            "computer_name": self.text(),
            "hardware_id": self.text(),
            "hardware": {name: self.text() for name in ("system_uuid", "disk_serial", self.text())},
            "os": {
                "family": "linux",
                **{name: self.text() for name in ("version", "edition", "arch", "language")},
            },
            "app": {name: self.text() for name in ("version", "edition", "language")},
            self.text(): self.text(),
        }

    def of_answer(self, answer: Json) -> Json:
        for name in ("activation_id", "check_in_token", "certificate"):
            self.keep(answer[name])
        return answer


@dataclass
class Served:
    """A server process, and what it has written so far."""

    process: subprocess.Popen[bytes]
    output: Path
    http: httpx.Client
    as_json: bool
    answered: list[str] = field(default_factory=list)  # request ids

    def log(self) -> str:
        return self.output.read_text()

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        response = self.http.request(method, path, **options)
        self.answered.append(response.headers["x-request-id"])
        return response

    def post(self, path: str, body: Json, marks: Marks) -> httpx.Response:
        """Send a body with marks in the query and the headers as well."""
        headers = {
            "User-Agent": marks.text(),
            "X-Forwarded-For": marks.text(),
            "X-Request-Id": marks.text(),
            "Authorization": f"Bearer {marks.text()}",
            "Cookie": f"{marks.text()}={marks.text()}",
            marks.text(): marks.text(),
        }
        return self.send(
            "POST", f"{path}?{marks.text()}={marks.text()}", json=body, headers=headers
        )

    def until(self, pattern: str) -> str:
        """Wait for a line in the log; give the log."""
        deadline = time.monotonic() + DEADLINE
        while not re.search(pattern, self.log()):
            assert time.monotonic() < deadline, f"no {pattern} in {self.log()}"
            time.sleep(0.02)
        return self.log()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@pytest.fixture(scope="module", params=["json", "text"])
def served(
    request: pytest.FixtureRequest,
    shared_server: Server,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    world = shared_server.world
    directory = tmp_path_factory.mktemp("served")
    key_file, output, port = directory / "master.key", directory / "log", free_port()
    key_file.write_text(world.master.hex())
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ACTIVATION_")},
        "ACTIVATION_DATABASE_URL": world.url.replace("+asyncpg", ""),
        "ACTIVATION_MASTER_KEY_FILE": str(key_file),
        "ACTIVATION_LOG_LEVEL": "debug",
        "ACTIVATION_LOG_FORMAT": request.param,
        "PYTHONASYNCIODEBUG": "1",
    }
    command = [sys.executable, "-m", "activation_server", "serve", "--port", str(port)]
    with (
        output.open("wb") as sink,
        subprocess.Popen(command, stdout=sink, stderr=sink, env=environment) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE) as client,
    ):
        one = Served(process, output, client, request.param == "json")
        try:
            one.until("serving")
            yield one
        finally:
            process.terminate()
            process.wait(DEADLINE)
        assert process.returncode == 0


def granted(served: Served, marks: Marks, key: str) -> tuple[Json, Json]:
    """Activate, repeat, check in; give the last answer, and its request."""
    body = marks.body(key, "backup-pro")
    first = marks.of_answer(ok(served.post("/v1/activations", body, marks), 201))
    ok(served.post("/v1/activations", body, marks), 201)
    checked = {**check_in(first), **body, "request_id": marks.keep(new_id())}
    checked["nonce"] = marks.keep(new_nonce())
    last = marks.of_answer(ok(served.post(reactivations_of(first), checked, marks)))
    return last, checked


def refuse(served: Served, marks: Marks, key: str, answer: Json) -> None:
    """Be refused for each part of a request."""
    unknown = marks.body(marks.text(), marks.text())
    full = marks.body(key, "backup-pro")
    other = {**full, "check_in_token": answer["check_in_token"]}
    forged = {**other, "check_in_token": marks.text()}
    for path, body, status in (
        ("/v1/activations", unknown, 404),
        ("/v1/activations", full, 409),  # all seats taken
        (reactivations_of(answer), other, 403),  # other hardware
        (reactivations_of(answer), forged, 404),
        (deactivation_of(answer), forged, 404),
        (f"/v1/activations/{marks.text()}/deactivation", forged, 404),
        (f"/v1/{marks.text()}", full, 404),
        (f"/problems/{marks.text()}", full, 405),
    ):
        assert served.post(path, body, marks).status_code == status, path


def send_nonsense(served: Served, marks: Marks) -> None:
    """Send what is no request of the protocol, and no HTTP."""
    plain = marks.body(marks.text(), marks.text())
    for name in ("request_id", "nonce", "license_key", "email", "hardware", "os", "newsletter"):
        for value in (marks.text() * 99, [marks.text()], {marks.text(): marks.text()}):
            served.post("/v1/activations", {**plain, name: value}, marks)
    text = {"Content-Type": "application/json"}
    for content in (marks.text(), f'{{"name": "{marks.text()}', f"\ud800{marks.text()}"):
        data = content.encode("utf-8", "surrogatepass")
        served.send("POST", "/v1/activations", content=data, headers=text)
        served.send("POST", "/v1/activations", content=data, headers={"Content-Type": content[1:]})
    served.send("POST", "/v1/activations", content=marks.text() * 2000, headers=text)
    served.send("GET", f"/problems/{marks.text()}")
    served.send("GET", f"/%ff%00{marks.text()}?%zz{marks.text()}")
    for wire in (
        f"{marks.text()} / HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET /{marks.text()} HTTP/9.9\r\n\r\n",
        f"GET /{marks.text()}\x00 HTTP/1.1\r\n{marks.text()}\x00: x\r\n\r\n",
        f"GET /{marks.text()} HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        f"POST /v1/activations HTTP/1.1\r\nContent-Length: {marks.text()}\r\n\r\n",
    ):
        address = (served.http.base_url.host, served.http.base_url.port or 0)
        with socket.create_connection(address, timeout=DEADLINE) as connection:
            connection.sendall(wire.encode())
            connection.recv(65536)


def break_off(served: Served, marks: Marks) -> None:
    """Go away in the middle of a body."""
    address = (served.http.base_url.host, served.http.base_url.port or 0)
    with socket.create_connection(address, timeout=DEADLINE) as connection:
        head = "POST /v1/activations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        connection.sendall(f'{head}Content-Length: 900\r\n\r\n{{"n": "{marks.text()}'.encode())
    served.until(r"status\W+499")


def fault_of(served: Served, path: str, body: Json, marks: Marks) -> str:
    """Send a request that meets a fault; see that its answer says nothing; give its id."""
    response = served.post(path, body, marks)
    answer = response.json()
    assert response.status_code == 500, answer
    assert response.headers["content-type"] == "application/problem+json"
    incident: str = answer["incident"]
    assert re.fullmatch(r"[0-9a-f]{16}", incident)
    assert response.headers["x-request-id"] == incident
    fields = {"type", "title", "status", "detail", "code", "server_time", "incident"}
    assert set(answer) == fields
    assert answer["code"] == "INTERNAL_FAULT"
    assert answer["detail"].endswith(f"{incident}.")
    assert not [mark for mark in marks.all if mark in response.text]
    return incident


# What is broken, how it is mended, and the error that the log then names.
BROKEN = {
    "UndefinedTableError": (
        "ALTER TABLE activations RENAME TO gone",
        "ALTER TABLE gone RENAME TO activations",
    ),
    "UndefinedColumnError": (
        "ALTER TABLE activations RENAME nonce TO gone",
        "ALTER TABLE activations RENAME gone TO nonce",
    ),
    "CheckViolationError": (
        "ALTER TABLE activations ADD CONSTRAINT never CHECK (seq < 0) NOT VALID",
        "ALTER TABLE activations DROP CONSTRAINT never",
    ),
    "RaiseError": (
        """CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'not with %', new; END $$;
           CREATE TRIGGER stop BEFORE INSERT OR UPDATE ON activations
           FOR EACH ROW EXECUTE FUNCTION stop()""",
        "DROP FUNCTION stop CASCADE",
    ),
    "TypeError": (
        "UPDATE licenses SET overrides = '{\"no_such_term\": 1}'",
        "UPDATE licenses SET overrides = '{}'",
    ),
}
# A key that signed, but that the master key does not open.
UNKNOWN_KEY = """
    INSERT INTO signing_keys (number, kid, public, wrapped_seed, created_at)
    SELECT 2, 'other', public, wrapped_seed, created_at FROM signing_keys;
    UPDATE activations SET signing_key = 2
"""
KNOWN_KEY = "UPDATE activations SET signing_key = 1; DELETE FROM signing_keys WHERE number = 2"


def meet_faults(served: Served, server: Server, marks: Marks) -> dict[str, str]:
    """Break the database in several ways; give the faults' ids, each with its error."""
    key = server.issue(seats=None).license_key
    answer, request = granted(served, marks, key)
    faults = {}
    for error, (break_, mend) in BROKEN.items():
        server.script(break_)
        again = {**request, "check_in_token": answer["check_in_token"], "request_id": new_id()}
        fresh = marks.body(key, "backup-pro")
        faults[fault_of(served, "/v1/activations", fresh, marks)] = error
        faults[fault_of(served, reactivations_of(answer), again, marks)] = error
        server.script(mend)
    server.script(UNKNOWN_KEY)
    faults[fault_of(served, reactivations_of(answer), request, marks)] = "SealBrokenError"
    server.script(KNOWN_KEY)
    ok(served.post(reactivations_of(answer), request, marks))
    return faults


@dataclass
class Seen:
    """What was sent, what went wrong, and what the log says of it."""

    marks: set[str]
    faults: dict[str, str]
    answered: list[str]
    log: str
    postgres_log: str
    as_json: bool

    def lines(self) -> list[Json]:
        return [json.loads(line) for line in self.log.splitlines()]


@pytest.fixture(scope="module")
def seen(served: Served, shared_server: Server, postgres: EmbeddedPostgres) -> Seen:
    marks = Marks()
    license_ = shared_server.issue(seats=1)
    answer, _ = granted(served, marks, license_.license_key)
    refuse(served, marks, license_.license_key, answer)
    send_nonsense(served, marks)
    break_off(served, marks)
    faults = meet_faults(served, shared_server, marks)
    ok(served.post(deactivation_of(answer), deactivation(answer), marks))
    log = served.until(served.answered[-1])
    kept = (postgres._data_dir / "postgres.log").read_text()
    return Seen(marks.all, faults, served.answered, log, kept, served.as_json)


def test_the_log_holds_nothing_that_was_sent(seen: Seen) -> None:
    log, kept = seen.log.casefold(), seen.postgres_log.casefold()
    assert len(seen.marks) > 500
    assert [mark for mark in seen.marks if mark.casefold() in log] == []
    assert [mark for mark in seen.marks if mark.casefold() in kept] == []
    for word in ("Traceback", "[SQL:", "DETAIL", "no_such_term"):
        assert word not in seen.log


def test_each_request_has_one_line(seen: Seen) -> None:
    assert len(set(seen.answered)) == len(seen.answered) > 50
    for request_id in seen.answered:
        assert seen.log.count(request_id) == 1 + (request_id in seen.faults)


def test_a_line_says_what_was_asked_and_how_it_went(seen: Seen) -> None:
    if not seen.as_json:
        assert re.search(r"\[debug +\] request .*method=POST .*status=201", seen.log)
        return
    lines = {line["request_id"]: line for line in seen.lines() if line["event"] == "request"}
    for line in lines.values():
        assert set(line) == {
            *("event", "level", "timestamp", "request_id"),
            *("method", "route", "status", "milliseconds"),
        }
    assert {line["route"] for line in lines.values()} == {
        "/v1/activations",
        "/v1/activations/{activation_id}/reactivations",
        "/v1/activations/{activation_id}/deactivation",
        "/problems/{code}",
        "-",
    }
    often = {"/v1/activations", "/v1/activations/{activation_id}/reactivations"}
    for line in lines.values():
        unremarkable = line["route"] in often and line["status"] < 400
        assert line["level"] == ("debug" if unremarkable else "info")
    first = lines[seen.answered[0]]
    assert (first["method"], first["status"]) == ("POST", 201)


def test_a_fault_is_told_by_its_errors_and_places(seen: Seen) -> None:
    assert len(seen.faults) == 11
    lines = re.findall(r'^.*(?:\[error +\] fault|"event": "fault").*$', seen.log, re.MULTILINE)
    assert len(lines) == 11
    for line in lines:
        [error] = [error for incident, error in seen.faults.items() if incident in line]
        assert re.search(rf"\w+\.{error}\b", line)
        assert re.search(r"activation_server/services/activation\.py:\d+ \w+", line)


def test_a_broken_connection_is_no_fault(seen: Seen) -> None:
    [line] = [line for line in seen.log.splitlines() if re.search(r"status\W+499", line)]
    assert "/v1/activations" in line
