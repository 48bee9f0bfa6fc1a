"""Whatever is sent: the documented refusal, nothing stored, never a fault."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.web.server import Json, Server, activation, new_id, refused, with_changes

TOKEN = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
SQL = "'; DROP TABLE licenses; --"
# Every field of an activation and a check-in, with its limit in characters.
TEXTS = {
    "name": 200,
    "company": 200,
    "comments": 2000,
    "computer_name": 255,
    "hardware_id": 256,
    "hardware__disk_serial": 256,
    "os__version": 64,
    "os__edition": 64,
    "os__arch": 32,
    "os__language": 35,
    "app__version": 64,
    "app__edition": 64,
    "app__language": 35,
}
ACTIVATION_TEXTS = {**TEXTS, "license_key": 200, "product": 64}
OTHERS = ("request_id", "nonce", "email", "newsletter", "hardware", "os", "app")
OTHERS_INSIDE = ("os__family", "app__released")
REQUIRED = ("request_id", "nonce", "hardware_id", "os", "os__family", "os__version")
ALL_REQUIRED = (*REQUIRED, "app", "app__version", "license_key", "product")


def whole(key: str = "no such key") -> Json:
    """An activation request with every field; of an unknown key, so that it stores nothing."""
    return activation(
        key,
        name="Ana",
        company="Exemplu",
        email="ana@example.com",
        comments="",
        newsletter=False,
        computer_name="ANA-PC",
        hardware={"disk_serial": "S3Z2NB0K"},
        os={
            "family": "windows",
            "version": "10",
            "edition": "Pro",
            "arch": "x86_64",
            "language": "ro-RO",
        },
        app={
            "version": "9.9",
            "edition": "professional",
            "released": "2026-10-02",
            "language": "ro",
        },
    )


def pointer(path: str) -> str:
    return "/" + path.replace("__", "/")


def pointers(response: httpx.Response) -> list[str]:
    errors = refused(response, "REQUEST_INVALID")["evidence"]["errors"]
    assert all(set(error) == {"pointer", "message"} and error["message"] for error in errors)
    return [error["pointer"] for error in errors]


@pytest.fixture(autouse=True)
def nothing_stored(server: Server) -> Iterator[None]:
    before = server.rows()
    yield
    assert server.rows() == before


def send(server: Server, content: bytes, content_type: str = "application/json") -> httpx.Response:
    headers = [(b"Content-Type", content_type.encode())] if content_type else []
    return server.send("POST", "/v1/activations", content=content, headers=headers)


def is_accepted(response: httpx.Response) -> bool:
    """Whether the body was valid, so that the (unknown) key was looked up."""
    return bool(response.json().get("code") == "LICENSE_NOT_FOUND")


def valid() -> bytes:
    return json.dumps(whole()).encode()


NO_JSON = {
    "empty": b"",
    "blanks": b" \r\n",
    "a word": b"hello",
    "cut short": valid()[:-1],
    "two documents": valid() * 2,
    "a comma too many": valid()[:-1] + b",}",
    "single quotes": valid().replace(b'"', b"'"),
    "a comment": b"/* */" + valid(),
    "byte order mark": b"\xef\xbb\xbf" + valid(),
    "UTF-16": valid().decode().encode("utf-16"),
    "UTF-32": valid().decode().encode("utf-32"),
    "Latin-1": valid().replace(b"Ana", "Ană".encode("cp1250")),
    "overlong UTF-8": valid().replace(b"Ana", b"\xc0\xaf"),
    "a surrogate in UTF-8": valid().replace(b"Ana", b"\xed\xa0\x80"),
    "a lone surrogate": valid().replace(b"Ana", b"\\ud83d"),
    "a raw NUL": valid().replace(b"Ana", b"\x00"),
    "a raw line end": valid().replace(b"Ana", b"\n"),
    "deep arrays": b'{"x": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "deep objects": b'{"x":' * 2500 + b"1" + b"}" * 2500,
    "unclosed arrays": b"[" * 16000,
    "gzip": gzip.compress(valid()),
    "a form": b"license_key=x&product=y",
}


@pytest.mark.parametrize("name", NO_JSON)
def test_no_json(server: Server, name: str) -> None:
    assert pointers(send(server, NO_JSON[name])) == [""]


@pytest.mark.parametrize("document", [None, True, 1, 1.5, "text", [], [{}]], ids=repr)
def test_json_that_is_no_object(server: Server, document: object) -> None:
    assert pointers(send(server, json.dumps(document).encode())) == [""]


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        'application/json; charset="utf-16"',
        "application/jsonp",
        "json",
        "/",
        ";",
        "é",
        "application/json, text/plain",
    ],
)
def test_another_content_type(server: Server, content_type: str) -> None:
    response = send(server, valid(), content_type)
    assert pointers(response) == [""]
    assert "application/json" in response.json()["evidence"]["errors"][0]["message"]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json;charset=utf-8",
        'application/json; charset="UTF-8"',
        "application/json ; charset=utf8; more=1",
    ],
)
def test_json_by_another_spelling(server: Server, content_type: str) -> None:
    assert is_accepted(send(server, valid(), content_type))


WRONG: tuple[Any, ...] = (17, 1.5, True, [], ["a"], {}, {"a": "b"})
ALLOWED = {("newsletter", "True"), ("hardware", "{}"), ("hardware", "{'a': 'b'}")}


@pytest.mark.parametrize("path", [*ACTIVATION_TEXTS, *OTHERS, *OTHERS_INSIDE])
def test_a_wrong_type(server: Server, path: str) -> None:
    for value in WRONG:
        response = server.activate(with_changes(whole(), {path: value}))
        if (path, repr(value)) in ALLOWED:
            assert is_accepted(response), value
        else:
            assert all(found.startswith(pointer(path)) for found in pointers(response)), value


@pytest.mark.parametrize("path", [*ACTIVATION_TEXTS, *OTHERS, *OTHERS_INSIDE])
def test_null_and_absence_are_the_same(server: Server, path: str) -> None:
    for value in (None, ...):
        response = server.activate(with_changes(whole(), {path: value}))
        if path in ALL_REQUIRED:
            assert pointers(response) == [pointer(path)]
        else:
            assert is_accepted(response), response.text


@pytest.mark.parametrize("path", [*ACTIVATION_TEXTS, "request_id", "nonce", "email", "os__family"])
def test_nul_and_lone_surrogates(server: Server, path: str) -> None:
    for text in ("\x00", "abcdefgh\x00", "abcd\x00efgh"):
        assert pointers(server.activate(with_changes(whole(), {path: text}))) == [pointer(path)]
    body = json.dumps(with_changes(whole(), {path: "abcdefgh\ud800"})).encode()
    assert pointers(send(server, body)) == [""]


def test_nul_in_a_component_s_name(server: Server) -> None:
    for name in ("\x00", "", "n" * 65):
        response = server.activate(with_changes(whole(), {"hardware": {name: "value"}}))
        assert pointers(response) == [f"/hardware/{name}"]


@pytest.mark.parametrize("path", ACTIVATION_TEXTS)
def test_the_limit_of_a_text(server: Server, path: str) -> None:
    for letter in "aă😀":
        longest = letter * ACTIVATION_TEXTS[path]
        for text in (longest, f" \t{longest}\r\n"):
            assert is_accepted(server.activate(with_changes(whole(), {path: text})))
        longer = with_changes(whole(), {path: longest + letter})
        assert pointers(server.activate(longer)) == [pointer(path)]


@pytest.mark.parametrize("path", [path for path in ACTIVATION_TEXTS if path in ALL_REQUIRED])
def test_a_required_text_is_not_blank(server: Server, path: str) -> None:
    for text in ("", "   ", "\t\r\n" * 5):
        assert pointers(server.activate(with_changes(whole(), {path: text}))) == [pointer(path)]


@pytest.mark.parametrize(
    ("path", "text", "fits"),
    [
        ("hardware_id", "1234567", False),
        ("hardware_id", "1234567x", True),
        ("hardware_id", " 123456 ", False),
        ("nonce", "A" * 21 + "B", False),  # 16 bytes and spare bits that are not zero
        ("nonce", "A" * 22, True),
        ("nonce", "A" * 20, False),  # 15 bytes
        ("nonce", "A" * 86, True),  # 64 bytes
        ("nonce", "A" * 87, False),
        ("nonce", "A" * 22 + "==", False),
        ("nonce", "+/" + "A" * 20, False),
        ("nonce", "-_" + "A" * 20, True),
        ("request_id", "0b0e6a5e-6c1c-4f0e-9f65", False),
        ("request_id", "x" * 36, False),
        ("email", "", True),
        ("email", "ana", False),
        ("email", "ana@", False),
        ("email", "ana@@example.com", False),
        ("email", "a" * 250 + "@b.c", True),
        ("email", "a" * 251 + "@b.c", False),
        ("email", "ană@exemplu.ro", True),
        ("os__family", "Windows", False),
        ("os__family", "beos", False),
        ("os__family", "other", True),
        ("app__released", "2026-02-30", False),
        ("app__released", "02.10.2026", False),
        ("app__released", "2026-10-02T00:00:00Z", False),
        ("app__released", "0001-01-01", True),
        ("app__released", "9999-12-31", True),
    ],
)
def test_a_format(server: Server, path: str, text: str, fits: bool) -> None:
    response = server.activate(with_changes(whole(), {path: text}))
    if fits:
        assert is_accepted(response), response.text
    else:
        assert pointers(response) == [pointer(path)]


def test_the_number_of_components(server: Server) -> None:
    for count, fits in ((20, True), (21, False)):
        components = {f"component {number}": "value" for number in range(count)}
        response = server.activate(with_changes(whole(), {"hardware": components}))
        assert is_accepted(response) if fits else pointers(response) == ["/hardware"]


@pytest.mark.parametrize(
    "number", ["1" * 5000, "-" + "9" * 12000, "1e999999999", "0." + "3" * 9000, "-0", "NaN"]
)
def test_huge_numbers(server: Server, number: str) -> None:
    ignored = valid()[:-1] + f', "of_the_future": {number}}}'.encode()
    response = send(server, ignored)
    assert is_accepted(response) or pointers(response) == [""]
    for field in ("newsletter", "license_key"):
        told = json.dumps(with_changes(whole(), {field: "NUMBER"})).replace('"NUMBER"', number)
        assert pointers(send(server, told.encode())) in (["/" + field], [""])


def test_of_duplicate_names_the_last_counts(server: Server) -> None:
    wrong_first = valid()[:-1] + b', "newsletter": 17, "newsletter": true}'
    wrong_last = valid()[:-1] + b', "newsletter": true, "newsletter": 17}'
    assert is_accepted(send(server, wrong_first))
    assert pointers(send(server, wrong_last)) == ["/newsletter"]


def test_many_faults_are_all_told(server: Server) -> None:
    assert set(pointers(server.activate({}))) == {
        pointer(path) for path in ALL_REQUIRED if "__" not in path
    }


def test_a_pointer_is_escaped_as_rfc_6901_says(server: Server) -> None:
    response = server.activate(with_changes(whole(), {"hardware": {"a/b~c": 1}}))
    assert pointers(response) == ["/hardware/a~1b~0c"]


def test_what_was_sent_is_not_repeated(server: Server) -> None:
    for path in (*ACTIVATION_TEXTS, "request_id", "nonce", "email", "os__family", "app__released"):
        body = with_changes(whole(), {path: "CANARY" * 500})
        response = server.activate(body)
        refused(response, "REQUEST_INVALID")
        assert "CANARY" not in response.text, path


@pytest.mark.parametrize("call", ["reactivations", "deactivation"])
def test_the_other_calls(server: Server, call: str) -> None:
    path = f"/v1/activations/{new_id()}/{call}"
    required = {"request_id", "check_in_token"}
    if call == "reactivations":
        required |= {"nonce", "hardware_id", "os", "app"}
    assert {name.strip("/") for name in pointers(server.post(path, {}))} == required
    body = with_changes(whole(), {"check_in_token": TOKEN, "license_key": ..., "product": ...})
    refused(server.post(path, body), "ACTIVATION_NOT_FOUND")
    for name in required:
        wrong: list[object] = [17, None, ..., {}, "\x00" * 40, "x" * 3000]
        for value in wrong:
            found = pointers(server.post(path, with_changes(body, {name: value})))
            assert all(each.startswith(f"/{name}") for each in found), value
    headers = {"Content-Type": "text/plain"}
    response = server.send("POST", path, content=json.dumps(body).encode(), headers=headers)
    assert pointers(response) == [""]
    # An invalid body goes before an activation that is not there.
    assert pointers(server.post(f"/v1/activations/none/{call}", {}))


@pytest.mark.parametrize("call", ["reactivations", "deactivation"])
def test_sql_in_a_token(server: Server, call: str) -> None:
    body = with_changes(whole(), {"check_in_token": SQL})
    refused(server.post(f"/v1/activations/{new_id()}/{call}", body), "ACTIVATION_NOT_FOUND")


def test_sql_in_every_field_of_an_unknown_key(server: Server) -> None:
    for path in ACTIVATION_TEXTS:
        refused(server.activate(with_changes(whole(), {path: SQL})), "LICENSE_NOT_FOUND")
    for path in ("request_id", "nonce", "email", "newsletter", "os__family", "app__released"):
        response = server.activate(with_changes(whole(), {path: SQL}))
        assert pointers(response) == [pointer(path)]
    named = with_changes(whole(), {"hardware": {SQL: SQL}})
    refused(server.activate(named), "LICENSE_NOT_FOUND")
