from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.rules.activation import (
    Granted,
    Repeated,
    activate,
    deactivate,
    reactivate,
)
from activation_server.rules.history import EventKind
from activation_server.rules.license import App, License, Overage, Status, Terms, later
from activation_server.rules.reasons import Notice, Reason, Refused
from activation_server.rules.seat import Activation, Call, Known, Outcome, RemovedBy
from tests.factories import (
    ACTIVATION_ID,
    DAY,
    KEY,
    NOW,
    OTHER_COMPUTER,
    make_activation,
    make_call,
    make_license,
)

SEATED = make_activation()
REMOVED = make_activation(removed_at=NOW - DAY, removed_by=RemovedBy.APP)


def decide(call: Call, license_: License, known: Known = Known()):  # noqa: B008 - frozen, shared safely
    return activate(call, license_, known, ACTIVATION_ID, KEY, NOW)


def check_in(call: Call, activation: Activation, license_: License, token: int | None = None):
    seq = activation.seq if token is None else token
    return reactivate(call, seq, activation, license_, KEY, NOW)


def reason(decision: object) -> Reason:
    assert isinstance(decision, Refused)
    return decision.reason


def test_a_new_computer_takes_a_seat():
    decision = decide(make_call(), make_license())
    assert isinstance(decision, Granted)
    assert decision.takes_seat
    assert decision.activation.seq == 1
    assert decision.activation.last.outcome is Outcome.ACTIVATED
    assert [event.kind for event in decision.events] == [EventKind.ACTIVATED]


def test_the_same_computer_keeps_its_seat():
    known = Known(seated=(SEATED,))
    decision = decide(make_call(2), make_license(seats_used=1), known)
    assert isinstance(decision, Granted)
    assert not decision.takes_seat
    assert decision.activation.last.outcome is Outcome.ALREADY_ACTIVATED
    assert decision.activation.seq == SEATED.seq + 1


def test_a_full_license_refuses_another_computer():
    decision = decide(make_call(), make_license(seats_used=1))
    assert decision == Refused(Reason.SEAT_LIMIT_REACHED, {"limit": 1, "used": 1})


def test_an_unlimited_license_never_fills():
    decision = decide(make_call(), make_license(Terms(seats=None), seats_used=10**6))
    assert isinstance(decision, Granted)


def test_a_retry_repeats_the_stored_answer():
    known = Known(seated=(SEATED,), made_by_request=SEATED)
    assert decide(make_call(), make_license(seats_used=1), known) == Repeated(SEATED)
    assert check_in(make_call(), SEATED, make_license()) == Repeated(SEATED)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"status": Status.SUSPENDED}, Reason.LICENSE_SUSPENDED),
        ({"status": Status.REVOKED}, Reason.LICENSE_REVOKED),
        ({"expires_at": NOW}, Reason.LICENSE_EXPIRED),
    ],
)
def test_a_retry_never_revives(change: dict[str, Any], expected: Reason):
    license_ = make_license(**change)
    known = Known(seated=(SEATED,), made_by_request=SEATED)
    assert reason(decide(make_call(), license_, known)) is expected
    assert reason(check_in(make_call(), SEATED, license_)) is expected


def test_a_retry_of_an_activation_given_back_does_not_revive_it():
    assert reason(decide(make_call(), make_license(), Known(made_by_request=REMOVED))) is (
        Reason.ACTIVATION_REMOVED
    )


def test_a_request_id_with_another_body_is_refused():
    reused = make_call(1, digest=b"another body")
    assert reason(decide(reused, make_license(), Known((SEATED,), SEATED))) is (
        Reason.REQUEST_ID_REUSED
    )
    assert reason(check_in(reused, SEATED, make_license())) is Reason.REQUEST_ID_REUSED


def test_of_seats_that_match_alike_a_retry_finds_its_own_in_any_order():
    """The database gives seats in no order."""
    call = make_call(2)
    answered = decide(call, make_license(seats_used=2), Known(seated=(SEATED,)))
    assert isinstance(answered, Granted)
    twin = replace(SEATED, activation_id=UUID(int=1), activated_at=SEATED.activated_at - DAY)
    for seated in ((answered.activation, twin), (twin, answered.activation)):
        repeated = decide(call, make_license(seats_used=2), Known(seated=seated))
        assert isinstance(repeated, Repeated)
        assert repeated.activation == answered.activation


def test_of_seats_that_match_alike_the_one_that_was_taken_first_goes_on():
    twin = replace(SEATED, activation_id=UUID(int=1), activated_at=SEATED.activated_at - DAY)
    for seated in ((SEATED, twin), (twin, SEATED)):
        decision = decide(make_call(2), make_license(seats_used=2), Known(seated=seated))
        assert isinstance(decision, Granted)
        assert decision.activation.activation_id == twin.activation_id


def test_a_request_id_that_activated_another_computer_is_refused():
    elsewhere = make_call(1, hardware=OTHER_COMPUTER, digest=b"another body")
    renewed = replace(SEATED, last=replace(SEATED.last, request_id=UUID(int=2)))
    license_ = make_license(Terms(seats=5))
    assert reason(decide(elsewhere, license_, Known(made_by_request=renewed))) is (
        Reason.REQUEST_ID_REUSED
    )


def test_a_check_in_advances_the_counter():
    decision = check_in(make_call(2), SEATED, make_license())
    assert isinstance(decision, Granted)
    assert decision.activation.seq == 2
    assert decision.activation.last.outcome is Outcome.REACTIVATED
    assert not decision.events


def test_a_check_in_leaves_all_else_as_it_was():
    told: dict[str, Any] = {"told": b"digest", "fork_tip": 7, "true_from": 1}
    seated = make_activation(activated_at=NOW - DAY, **told)
    decision = check_in(make_call(2), seated, make_license())
    assert isinstance(decision, Granted)
    changes = {"hardware", "seq", "virtual", "leased_until", "lapsed", "last", "true_tip"}
    for name in {field.name for field in fields(Activation)} - changes:
        assert getattr(decision.activation, name) == getattr(seated, name)


def test_other_hardware_is_refused_and_named():
    decision = check_in(make_call(2, hardware=OTHER_COMPUTER), SEATED, make_license())
    assert decision == Refused(Reason.HARDWARE_MISMATCH, {"components": ["hardware_id"]})


def test_nothing_usable_is_refused():
    assert reason(decide(make_call(hardware={}), make_license())) is Reason.HARDWARE_ID_UNUSABLE


def test_a_token_ahead_means_the_server_was_restored():
    decision = check_in(make_call(2), SEATED, make_license(), token=9)
    assert isinstance(decision, Granted)
    assert decision.activation.seq == 10
    assert [event.kind for event in decision.events] == [EventKind.COUNTER_CAUGHT_UP]
    assert decision.activation.last.notices == ()


def test_a_token_behind_is_a_fork_that_goes_on():
    ahead = replace(SEATED, seq=5)
    decision = check_in(make_call(2), ahead, make_license(), token=3)
    assert isinstance(decision, Granted)
    assert decision.activation.seq == 6
    assert decision.activation.last.notices == (Notice.FORK_SEEN,)
    assert [event.kind for event in decision.events] == [EventKind.FORK_SEEN]


def test_giving_back_is_possible_whatever_the_license():
    decision = deactivate(UUID(int=2), SEATED, make_license(status=Status.REVOKED), 0, NOW)
    assert isinstance(decision, Granted)
    assert decision.activation.removed_at == NOW
    assert decision.activation.removed_by is RemovedBy.APP


def test_giving_back_twice_repeats():
    assert deactivate(UUID(int=3), REMOVED, make_license(), 1, NOW) == Repeated(REMOVED)


def test_a_seat_that_support_took_is_told():
    taken = replace(REMOVED, removed_by=RemovedBy.SUPPORT)
    assert (
        reason(deactivate(UUID(int=3), taken, make_license(), 0, NOW)) is Reason.ACTIVATION_REMOVED
    )
    assert reason(check_in(make_call(2), taken, make_license())) is Reason.ACTIVATION_REMOVED


def test_the_certificate_ends_with_the_license_and_its_grace():
    license_ = make_license(Terms(grace_days=3), expires_at=NOW + DAY)
    decision = decide(make_call(), license_)
    assert isinstance(decision, Granted)
    assert decision.activation.last.certificate_expires == NOW + 4 * DAY
    assert decision.activation.last.check_in_after == NOW + 4 * DAY
    assert decision.activation.last.notices == (Notice.LICENSE_ENDS_SOON,)


def test_without_end_and_check_in_the_certificate_has_no_end():
    decision = decide(make_call(), make_license(Terms(certificate_days=None)))
    assert isinstance(decision, Granted)
    assert decision.activation.last.certificate_expires is None


REFUSALS: dict[Reason, dict[str, Any]] = {  # each made true by itself, in the order of the protocol
    Reason.LICENSE_REVOKED: {"status": Status.REVOKED},
    Reason.LICENSE_EXPIRED: {"expires_at": NOW - DAY},
    Reason.EDITION_NOT_COVERED: {"edition": "home"},
    Reason.VERSION_NOT_COVERED: {"max_version": "8"},
    Reason.SEAT_LIMIT_REACHED: {"seats_used": 1},
}


@given(st.sets(st.sampled_from(list(REFUSALS)), min_size=1))
def test_the_first_reason_in_the_order_answers(chosen: set[Reason]):
    terms, values = Terms(), dict[str, Any]()
    for each in chosen:
        for name, value in REFUSALS[each].items():
            if name in {"edition", "max_version"}:
                terms = terms.overridden({name: value})
            else:
                values[name] = value
    call = make_call(app=App("9.1", edition="pro"))
    first = min(chosen, key=list(Reason).index)
    assert reason(decide(call, make_license(terms, **values))) is first


@given(
    grace=st.integers(0, 60),
    days=st.integers(1, 400),
    certificate=st.none() | st.integers(1, 90),
    interval=st.integers(1, 60),
    elapsed=st.floats(0, 1),
)
def test_a_certificate_never_outlives_the_license(
    grace: int, days: int, certificate: int | None, interval: int, elapsed: float
):
    terms = Terms(
        term_days=days, grace_days=grace, certificate_days=certificate, check_in_days=interval
    )
    license_ = make_license(terms, issued_at=NOW)
    stop = NOW + (days + grace) * DAY
    now = NOW + timedelta(seconds=int(elapsed * ((days + grace) * 86400 - 1)))
    decision = activate(make_call(), license_, Known(), ACTIVATION_ID, KEY, now)
    assert isinstance(decision, Granted)
    expires = decision.activation.last.certificate_expires
    assert expires is not None
    assert now < expires <= stop
    assert now < decision.activation.last.check_in_after <= expires


def test_a_later_release_than_the_maintenance_is_not_covered():
    license_ = make_license(maintenance_until=NOW)
    covered = make_call(app=App("9", released=date(2026, 11, 22)))
    newer = make_call(app=App("10", released=date(2026, 11, 23)))
    assert isinstance(decide(covered, license_), Granted)
    assert reason(decide(newer, license_)) is Reason.VERSION_NOT_COVERED


def test_spans_beyond_the_calendar_end_with_it():
    decision = decide(make_call(), make_license(Terms(certificate_days=10**7)))
    assert isinstance(decision, Granted)
    assert decision.activation.last.certificate_expires == later(NOW, 10**7)
    never = decide(make_call(), make_license(Terms(certificate_days=None, check_in_days=10**7)))
    assert isinstance(never, Granted)
    assert never.activation.last.check_in_after.year == 9999


@pytest.mark.parametrize(
    ("overage", "seats", "allowed"),
    [("none", 4, 4), ("1.25", 4, 5), ("1.5", 3, 4), ("2", 3, 6), ("1.25", 1, 1)],
)
def test_overage_lets_some_computers_more_in(overage: str, seats: int, allowed: int):
    terms = Terms(seats=seats, overage=Overage(overage))
    for used in range(allowed):
        decision = decide(make_call(), make_license(terms, seats_used=used))
        assert isinstance(decision, Granted)
        over = used + 1 > seats
        assert (Notice.OVERAGE in decision.activation.last.notices) is over
        assert (EventKind.OVERAGE in [event.kind for event in decision.events]) is over
    full = decide(make_call(), make_license(terms, seats_used=allowed))
    assert full == Refused(Reason.SEAT_LIMIT_REACHED, {"limit": seats, "used": allowed})


def test_unlimited_overage_never_refuses_and_always_tells():
    terms = Terms(seats=1, overage=Overage.UNLIMITED)
    decision = decide(make_call(), make_license(terms, seats_used=1000))
    assert isinstance(decision, Granted)
    assert decision.activation.last.notices == (Notice.OVERAGE,)
    assert decision.events[-1].details == {"limit": 1, "used": 1001}


def test_fewer_seats_than_in_use_keep_the_running_computers():
    license_ = make_license(Terms(seats=1), seats_used=3)
    decision = check_in(make_call(2), SEATED, license_)
    assert isinstance(decision, Granted)
    assert decision.activation.last.notices == (Notice.OVERAGE,)
    other = make_call(3, hardware=OTHER_COMPUTER)
    assert reason(decide(other, license_)) is Reason.SEAT_LIMIT_REACHED


def test_support_may_allow_one_more_transfer():
    license_ = make_license(Terms(transfers=1), transfer_allowed=True)
    ordinary = deactivate(UUID(int=2), SEATED, license_, 0, NOW)
    one_more = deactivate(UUID(int=2), SEATED, license_, 1, NOW)
    assert isinstance(ordinary, Granted)
    assert isinstance(one_more, Granted)
    assert ordinary.activation.removed_by is RemovedBy.APP  # what is allowed is not used up
    assert one_more.activation.removed_by is RemovedBy.ALLOWED
    again = deactivate(UUID(int=2), one_more.activation, license_, 1, NOW)
    assert isinstance(again, Repeated)


@pytest.mark.parametrize(
    ("limit", "given_back", "refused"), [(0, 0, True), (2, 1, False), (2, 2, True)]
)
def test_transfers_are_limited(limit: int, given_back: int, refused: bool):
    license_ = make_license(Terms(transfers=limit, transfer_days=30))
    decision = deactivate(UUID(int=2), SEATED, license_, given_back, NOW)
    if refused:
        evidence = {"limit": limit, "used": given_back, "days": 30}
        assert decision == Refused(Reason.TRANSFER_LIMIT_REACHED, evidence)
    else:
        assert isinstance(decision, Granted)
