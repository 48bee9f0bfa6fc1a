from string import Formatter

import pytest

from activation_server.formats.problem import NOTICES, TEXTS, problem, slug
from activation_server.rules.reasons import Notice, Reason
from tests.factories import NOW

# The table of the protocol, as apps rely on it.
STATUSES = {
    "REQUEST_INVALID": 422,
    "REQUEST_TOO_LARGE": 413,
    "REQUEST_ID_REUSED": 409,
    "LICENSE_NOT_FOUND": 404,
    "LICENSE_REVOKED": 403,
    "LICENSE_SUSPENDED": 403,
    "LICENSE_EXPIRED": 403,
    "VERSION_NOT_COVERED": 403,
    "EDITION_NOT_COVERED": 403,
    "HARDWARE_ID_UNUSABLE": 422,
    "HARDWARE_MISMATCH": 403,
    "VIRTUAL_MACHINE_REFUSED": 403,
    "SEAT_LIMIT_REACHED": 409,
    "TRANSFER_LIMIT_REACHED": 409,
    "TRIAL_ALREADY_USED": 409,
    "TRIAL_NOT_OFFERED": 404,
    "ACTIVATION_NOT_FOUND": 404,
    "ACTIVATION_REMOVED": 410,
    "CLONE_DETECTED": 403,
    "OFFLINE_FILE_INVALID": 422,
    "RATE_LIMITED": 429,
    "OVERLOADED": 503,
}


def test_every_code_has_its_status_and_its_words():
    assert {reason.value: text.status for reason, text in TEXTS.items()} == STATUSES
    assert set(TEXTS) == set(Reason)
    assert set(NOTICES) == set(Notice)


def test_sentences_for_people_end_and_take_only_known_evidence():
    for reason, text in TEXTS.items():
        for sentence in (text.detail, text.meaning, text.person, text.app):
            assert sentence.endswith("."), reason
        fields = {name for _, name, _, _ in Formatter().parse(text.detail) if name}
        assert fields <= {"limit", "line", "fault"}, reason


def test_a_problem_is_written_as_the_protocol_says():
    body = problem("https://l.example", Reason.SEAT_LIMIT_REACHED, {"limit": 2, "used": 2}, NOW)
    assert body.model_dump(mode="json", exclude_none=True) == {
        "type": "https://l.example/problems/seat-limit-reached",
        "title": "All seats are taken",
        "status": 409,
        "detail": "All 2 seats of this license are taken. Give one back on another computer first.",
        "code": "SEAT_LIMIT_REACHED",
        "server_time": "2026-11-22T10:00:00Z",
        "evidence": {"limit": 2, "used": 2},
    }


def test_slugs_are_lower_case_with_dashes():
    assert slug("SEAT_LIMIT_REACHED") == "seat-limit-reached"


@pytest.mark.parametrize(
    ("evidence", "begins"),
    [
        ({"limit": 1, "used": 1}, "This license has one seat,"),
        ({"limit": 1, "used": 3}, "All 1 seats of this license"),
        ({"limit": 5, "used": 5}, "All 5 seats of this license"),
        ({"limit": 2, "used": 2, "per": "virtual machines"}, "All 2 seats that virtual machines"),
        ({"limit": 1, "used": 1, "per": "computer", "license_id": "x"}, "This computer is in use"),
    ],
)
def test_which_seats_are_taken_is_told(evidence: dict[str, object], begins: str):
    body = problem("https://x.example", Reason.SEAT_LIMIT_REACHED, evidence, NOW)
    assert body.detail.startswith(begins)
