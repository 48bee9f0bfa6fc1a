"""Offline files at `/v1/offline` and at the page: the very same rules as online."""

import html
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from activation_server.formats import offline_file
from activation_server.formats.offline_file import MAX_FILE, Kind
from activation_server.web.offline_page import qr_code
from tests.web.server import (
    OTHER_PRODUCT,
    Server,
    activation,
    check_in,
    deactivation,
    new_id,
    ok,
    refused,
)

Json = dict[str, Any]
Send = Callable[[Server, str], httpx.Response]

TEXT = {"Content-Type": "text/plain"}
SCRIPT = "<script>alert(1)</script>"


def request_file(purpose: str, body: Json, answer: Json | None = None) -> str:
    """Write a request file; the activation of `answer` is named where the call needs it."""
    named = {} if answer is None else {"activation_id": answer["activation_id"]}
    document = {"purpose": purpose, **named, **body}
    return offline_file.write(Kind.REQUEST, json.dumps(document).encode())


def post(server: Server, file: str | bytes) -> httpx.Response:
    return server.send("POST", "/v1/offline", content=file, headers=TEXT)


def paste(server: Server, text: str, **fields: str) -> httpx.Response:
    """Paste into the page's form, as a browser sends it: with CR LF."""
    fields |= {"request": text.replace("\n", "\r\n")}
    nothing = {"file": ("", b"", "application/octet-stream")}
    return server.send("POST", "/offline", data=fields, files=nothing)


def upload(server: Server, file: bytes, **fields: str) -> httpx.Response:
    files = {"file": ("request.txt", file, "text/plain")}
    return server.send("POST", "/offline", data=fields, files=files)


def answered(response: httpx.Response) -> Json:
    """See that a response is a response file; give the answer in it."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/plain")
    document: Json = json.loads(offline_file.read(Kind.RESPONSE, response.content))
    return document


def shown(response: httpx.Response) -> str:
    """Give the response file that a page shows."""
    found = re.search(r'<textarea id="response"[^>]*>\n(.*?)</textarea>', response.text, re.DOTALL)
    assert found, response.text
    return html.unescape(found[1])


# ---- Every purpose.


def test_a_life_without_a_network(server: Server) -> None:
    license_ = server.issue()
    taken = answered(post(server, request_file("activate", activation(license_.license_key))))
    assert (taken["status"], taken["seats"]["used"]) == ("activated", 1)
    file = request_file("reactivate", check_in(taken), taken)
    checked_in = answered(post(server, file))
    assert checked_in["status"] == "reactivated"
    assert checked_in["activation_id"] == taken["activation_id"]
    given_back = answered(
        post(server, request_file("deactivate", deactivation(checked_in), checked_in))
    )
    assert (given_back["status"], given_back["seats"]["used"]) == ("deactivated", 0)


def test_the_answer_has_the_fields_of_the_online_one(server: Server) -> None:
    online = server.activated(server.issue().license_key)
    offline = answered(
        post(server, request_file("activate", activation(server.issue().license_key)))
    )
    assert list(offline) == list(online)


def test_a_trial_is_started_by_a_file(server: Server) -> None:
    body = activation("", license_key=..., product=server.offer_trials())
    answer = answered(post(server, request_file("trial", body)))
    assert answer["status"] == "activated"
    page = paste(server, request_file("trial", body)).text
    assert f"for support: {answer['license_key']}" in page
    again = answered(post(server, request_file("trial", body)))
    assert (again["certificate"], again["license_key"]) == (
        answer["certificate"],
        answer["license_key"],
    )


def test_there_is_no_trial_without_a_trial_policy(server: Server) -> None:
    body = activation("", license_key=...)
    refused(post(server, request_file("trial", body)), "TRIAL_NOT_OFFERED")
    body = activation("", license_key=..., os=...)
    problem = refused(post(server, request_file("trial", body)), "REQUEST_INVALID")
    assert [fault["pointer"] for fault in problem["evidence"]["errors"]] == ["/os"]


# ---- The same rules.


def test_a_file_sent_again_gets_the_same_certificate_and_no_second_seat(server: Server) -> None:
    file = request_file("activate", activation(server.issue(seats=1).license_key))
    first, again = answered(post(server, file)), answered(post(server, file))
    assert first == again


def test_online_and_offline_are_one_request(server: Server) -> None:
    """An app whose online answer was lost may go on by file, and the other way round."""
    body = activation(server.issue(seats=1).license_key)
    online = ok(server.activate(body), 201)
    offline = answered(post(server, request_file("activate", body)))
    assert offline == online
    later = check_in(online)
    by_file = answered(post(server, request_file("reactivate", later, online)))
    assert ok(server.reactivate(online, later)) == by_file


@pytest.mark.parametrize(
    ("purpose", "code"),
    [("reactivate", "ACTIVATION_NOT_FOUND"), ("deactivate", "ACTIVATION_NOT_FOUND")],
)
def test_a_forged_token_proves_nothing(server: Server, purpose: str, code: str) -> None:
    answer = server.activated(server.issue().license_key)
    forged = {**answer, "check_in_token": "A" + answer["check_in_token"][1:-1] + "A"}
    body = check_in(forged) if purpose == "reactivate" else deactivation(forged)
    refused(post(server, request_file(purpose, body, answer)), code)
    body = check_in(answer) if purpose == "reactivate" else deactivation(answer)
    unknown = {"activation_id": "not-an-id"}
    refused(post(server, request_file(purpose, body, unknown)), code)
    unknown = {"activation_id": new_id()}
    refused(post(server, request_file(purpose, body, unknown)), code)


@pytest.mark.parametrize("seats", [0, 1])
def test_refusals_are_those_of_the_online_call(server: Server, seats: int) -> None:
    """Evidence too, and in the same order: suspended comes before the seats."""
    license_ = server.issue(seats=1)
    server.activated(license_.license_key)
    if seats == 0:
        server.change(license_, "suspend")
    body = activation(license_.license_key, hardware_id="another-computer")
    online = server.activate(body).json()
    offline = refused(post(server, request_file("activate", body)), online["code"])
    assert offline == online
    assert online["code"] == ("LICENSE_SUSPENDED", "SEAT_LIMIT_REACHED")[seats]


def test_a_key_of_another_product_is_unknown(server: Server) -> None:
    body = activation(server.issue(OTHER_PRODUCT).license_key)
    refused(post(server, request_file("activate", body)), "LICENSE_NOT_FOUND")


# ---- What is no request.


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"purpose": "renew"}, "/purpose"),
        ({"purpose": None}, "/purpose"),
        ({"purpose": "reactivate"}, "/activation_id"),
        ({"purpose": "deactivate"}, "/activation_id"),
        ({"purpose": "activate", "nonce": "short"}, "/nonce"),
    ],
)
def test_a_sound_file_with_a_wrong_field_names_it(
    server: Server, change: Json, pointer: str
) -> None:
    file = request_file("activate", {**activation("KEY"), **change})
    problem = refused(post(server, file), "REQUEST_INVALID")
    assert [fault["pointer"] for fault in problem["evidence"]["errors"]] == [pointer]


def test_a_damaged_file_says_where(server: Server) -> None:
    lines = request_file("activate", activation("KEY")).split("\n")
    lines[4] = lines[4][:10] + "*" + lines[4][11:]
    problem = refused(post(server, "\n".join(lines)), "OFFLINE_FILE_INVALID")
    assert problem["evidence"] == {
        "line": 5,
        "fault": "this line holds characters that do not belong here",
    }
    assert "see line 5: this line holds" in problem["detail"]


@pytest.mark.parametrize("file", ["", "hello", "\0" * 100, "-----BEGIN ACTIVATION REQUEST-----"])
def test_what_is_no_file_is_refused(server: Server, file: str) -> None:
    assert refused(post(server, file), "OFFLINE_FILE_INVALID")["evidence"]["line"] == 1


def test_the_limits_of_files_and_of_what_is_in_them(server: Server) -> None:
    file = request_file("activate", activation("KEY"))
    padded = "x" * (MAX_FILE - len(file)) + file
    refused(post(server, padded), "LICENSE_NOT_FOUND")
    refused(post(server, "x" + padded), "REQUEST_TOO_LARGE")
    large = request_file("activate", activation("KEY", padding="x" * 16 * 1024))
    assert len(large) < MAX_FILE
    refused(post(server, large), "REQUEST_TOO_LARGE")


def test_another_type_is_refused(server: Server) -> None:
    refused(server.post("/v1/offline", {}), "REQUEST_INVALID")


# ---- The page.


def test_the_page_loads_nothing_and_posts_to_itself_alone(server: Server) -> None:
    response = server.get("/offline")
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert "<script" not in response.text
    assert " style=" not in response.text


def test_pasted_uploaded_and_posted_get_the_same_response(server: Server) -> None:
    file = request_file("activate", activation(server.issue(seats=1).license_key))
    response = paste(server, "Dear support,\n\n" + file + "\nRegards\n")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert "The computer is activated" in response.text
    assert "Activated until <strong>22 December 2026, 10:00 UTC</strong>" in response.text
    assert '<svg viewBox="0 0 ' in response.text
    assert " style=" not in response.text
    assert shown(response) == post(server, file).text
    assert shown(upload(server, file.encode())) == shown(response)


def test_the_download_is_the_response_file(server: Server) -> None:
    file = request_file("activate", activation(server.issue(seats=1).license_key))
    page = upload(server, file.encode())
    hidden = re.search(r'<textarea name="request"[^>]*>\n(.*?)</textarea>', page.text, re.DOTALL)
    assert hidden
    response = paste(server, html.unescape(hidden[1]), download="yes")
    assert response.headers["content-disposition"] == (
        'attachment; filename="activation-response.txt"'
    )
    assert response.text == shown(page)
    answered(response)


def test_the_page_says_that_a_seat_was_given_back(server: Server) -> None:
    answer = server.activated(server.issue().license_key)
    response = paste(server, request_file("deactivate", deactivation(answer), answer))
    assert "The seat was given back" in response.text
    assert "Seats in use: 0 of 1" in response.text
    answered(httpx.Response(200, text=shown(response)))


def test_the_page_tells_a_refusal_in_plain_words(server: Server) -> None:
    license_ = server.issue(seats=1)
    server.activated(license_.license_key)
    file = request_file("activate", activation(license_.license_key, hardware_id="another-one"))
    for response in (paste(server, file), paste(server, file, download="yes")):
        assert response.status_code == 409
        assert response.headers["content-type"].startswith("text/html")
        assert "This license has one seat, which another computer holds." in response.text
        assert "What you can do:" in response.text
        assert 'href="/problems/seat-limit-reached"' in response.text


def test_the_page_says_where_a_file_is_damaged_and_keeps_the_text(server: Server) -> None:
    file = request_file("activate", activation("KEY")).replace("Digest: ", "Digest: x")
    response = paste(server, file)
    assert response.status_code == 422
    assert "see line 2" in response.text
    assert "Digest: x" in response.text


def test_the_page_names_wrong_fields(server: Server) -> None:
    response = paste(server, request_file("activate", activation("KEY", nonce="short")))
    assert response.status_code == 422
    assert "<code>/nonce</code>" in response.text


def test_a_form_without_a_request_asks_for_one(server: Server) -> None:
    for response in (
        paste(server, " \n"),
        upload(server, b""),
        server.send("POST", "/offline", content=b"damaged", headers=TEXT),
        server.send(
            "POST",
            "/offline",
            content=b"damaged",
            headers={"Content-Type": "multipart/form-data; boundary=x"},
        ),
        server.send("POST", "/offline", data={"request": ""}),
    ):
        assert response.status_code == 422
        assert "There was no request" in response.text


def test_too_much_is_refused_by_the_page(server: Server) -> None:
    for response in (
        upload(server, b"x" * (MAX_FILE + 1)),
        upload(server, b"x" * 10 * MAX_FILE),
        paste(server, "x" * (MAX_FILE + 1)),
    ):
        assert response.status_code == 413
        assert "The request is too large" in response.text


def test_nothing_that_was_sent_comes_out_as_markup(server: Server) -> None:
    key = server.issue().license_key
    bodies = [
        activation(SCRIPT),
        activation(key, product=SCRIPT),
        activation(key, name=SCRIPT, company=SCRIPT, comments=SCRIPT, computer_name=SCRIPT),
        activation(key, os__family=SCRIPT, nonce=SCRIPT),
        activation(key, hardware={SCRIPT: SCRIPT * 20}),
        {SCRIPT: SCRIPT},
    ]
    files = [request_file("activate", body) for body in bodies]
    files += [request_file(SCRIPT, {}), SCRIPT, SCRIPT + files[2] + SCRIPT]
    files += [files[2].replace("Digest: ", f"Digest: {SCRIPT}"), f"</textarea>{SCRIPT}"]
    for file in files:
        for response in (paste(server, file), upload(server, file.encode())):
            assert "<script" not in response.text
            assert response.text.count("</textarea>") == response.text.count("<textarea")


def test_what_is_too_long_for_a_qr_code_has_none() -> None:
    assert qr_code("x" * 2953) is not None
    assert qr_code("x" * 2954) is None
