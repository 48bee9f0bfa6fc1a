"""Consents to the newsletter: what an app's wish makes of them, and which steps lead where."""

from dataclasses import replace
from datetime import timedelta

import pytest

from activation_server.rules.consent import Channel, Consent, State, Step, Wish, noted
from tests.conftest import START

ADDRESS, OTHER = b"an address", b"another"
LATER = START + timedelta(days=1)
CHECKS_IN, ACTIVATES = Wish("2", "9.9", activates=False), Wish("2", "9.9", activates=True)
ASKED = Consent(ADDRESS, State.UNCONFIRMED, "1", "9.8", Channel.APP, START)
CONFIRMED = ASKED.after(Step.CONFIRM, START, Channel.EMAIL)
WITHDRAWN = CONFIRMED.after(Step.WITHDRAW, START, Channel.OPERATOR)
NEW = Consent(ADDRESS, State.UNCONFIRMED, "2", "9.9", Channel.APP, LATER)


@pytest.mark.parametrize(
    ("known", "step", "state"),
    [
        (ASKED, Step.CONFIRM, State.CONFIRMED),
        (ASKED, Step.WITHDRAW, State.WITHDRAWN),
        (CONFIRMED, Step.WITHDRAW, State.WITHDRAWN),
    ],
)
def test_a_step_leads_on_and_leaves_its_evidence(known: Consent, step: Step, state: State):
    after = known.after(step, LATER, Channel.OPERATOR)
    assert (after.state, after.wording, after.asked_at) == (state, "1", START)
    at = after.confirmed_at if step is Step.CONFIRM else after.withdrawn_at
    by = after.confirmed_by if step is Step.CONFIRM else after.withdrawn_by
    assert (at, by) == (LATER, Channel.OPERATOR)


@pytest.mark.parametrize(
    ("known", "step"),
    [(CONFIRMED, Step.CONFIRM), (WITHDRAWN, Step.CONFIRM), (WITHDRAWN, Step.WITHDRAW)],
)
def test_a_step_that_leads_nowhere_changes_nothing(known: Consent, step: Step):
    assert known.after(step, LATER, Channel.APP) == known


@pytest.mark.parametrize(
    ("known", "address", "wish", "suppressed", "expected"),
    [
        (None, ADDRESS, CHECKS_IN, False, NEW),
        (None, ADDRESS, None, False, None),
        (None, None, ACTIVATES, False, None),
        (None, ADDRESS, CHECKS_IN, True, None),
        (None, ADDRESS, ACTIVATES, True, NEW),
        (ASKED, ADDRESS, ACTIVATES, False, ASKED),
        (CONFIRMED, ADDRESS, ACTIVATES, False, CONFIRMED),
        (CONFIRMED, ADDRESS, None, False, CONFIRMED),
        (WITHDRAWN, ADDRESS, CHECKS_IN, True, WITHDRAWN),
        (WITHDRAWN, ADDRESS, ACTIVATES, True, NEW),
        (WITHDRAWN, ADDRESS, None, False, WITHDRAWN),
        (CONFIRMED, OTHER, CHECKS_IN, False, replace(NEW, email_digest=OTHER)),
    ],
)
def test_what_an_app_tells(
    known: Consent | None,
    address: bytes | None,
    wish: Wish | None,
    suppressed: bool,
    expected: Consent | None,
):
    assert noted(known, address, wish, LATER, suppressed=suppressed) == expected


@pytest.mark.parametrize(
    ("address", "wish", "suppressed"),
    [(OTHER, None, False), (OTHER, CHECKS_IN, True), (None, CHECKS_IN, False)],
)
def test_a_consent_ends_with_its_address(
    address: bytes | None,
    wish: Wish | None,
    suppressed: bool,
):
    ended = noted(CONFIRMED, address, wish, LATER, suppressed=suppressed)
    assert ended == CONFIRMED.after(Step.WITHDRAW, LATER, Channel.ADDRESS_CHANGED)
