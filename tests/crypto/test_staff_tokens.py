from dataclasses import replace
from uuid import UUID

import pytest

from activation_server.crypto.staff_tokens import Purpose, StaffTokens, Ticket

TOKENS = StaffTokens(bytes(range(32)))
TICKET = Ticket(UUID(int=7), 1_000, 2_000, b"12345678")


def test_a_ticket_is_read_until_it_is_over():
    text = TOKENS.make(Purpose.BROWSER, TICKET)
    assert TOKENS.check(Purpose.BROWSER, text, 1_999) == TICKET
    assert TOKENS.check(Purpose.BROWSER, text, 2_000) is None


def test_a_ticket_is_of_one_purpose_and_one_key():
    text = TOKENS.make(Purpose.BROWSER, TICKET)
    assert TOKENS.check(Purpose.SECOND_STEP, text, 1_500) is None
    assert StaffTokens(bytes(32)).check(Purpose.BROWSER, text, 1_500) is None


def test_every_byte_of_a_ticket_counts():
    text = TOKENS.make(Purpose.BROWSER, TICKET)
    for at in range(len(text)):
        forged = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        assert TOKENS.check(Purpose.BROWSER, forged, 1_500) is None


@pytest.mark.parametrize("text", ["", "A", "é", "x" * 1000, "\r\n", "A" * 96])
def test_anything_else_is_no_ticket(text: str):
    assert TOKENS.check(Purpose.BROWSER, text, 1_500) is None


def test_digests_differ_by_purpose_and_key():
    digests = {TOKENS.digest(purpose, "token") for purpose in Purpose}
    digests.add(StaffTokens(bytes(32)).digest(Purpose.SESSION, "token"))
    assert len(digests) == len(Purpose) + 1
    assert TOKENS.digest(Purpose.SESSION, "token") == TOKENS.digest(Purpose.SESSION, "token")


def test_a_ticket_tells_nothing_when_printed():
    assert "key" not in repr(replace(TOKENS))
