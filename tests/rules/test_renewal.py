from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.rules.license import License, TermFrom, Terms, refuse_standing
from activation_server.rules.renewal import Renewal, Start, Unrenewable, renew
from activation_server.rules.signing_keys import FOREVER
from tests.factories import DAY, NOW, make_license


def renewed(license_: License, **wanted: object) -> License:
    result = renew(license_, replace(Renewal(), **wanted), NOW)  # type: ignore[arg-type]
    assert isinstance(result, License), result
    return result


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (Start.END, NOW + 10 * DAY, NOW + 40 * DAY),
        (Start.END, NOW - 10 * DAY, NOW + 20 * DAY),
        (Start.END, NOW - 90 * DAY, NOW - 60 * DAY),  # still over: an arrear that was paid
        (Start.NOW, NOW + 10 * DAY, NOW + 30 * DAY),
        (Start.NOW, NOW - 10 * DAY, NOW + 30 * DAY),
        (Start.END_OR_NOW, NOW + 10 * DAY, NOW + 40 * DAY),
        (Start.END_OR_NOW, NOW - 10 * DAY, NOW + 30 * DAY),
        (Start.END_OR_NOW, NOW, NOW + 30 * DAY),
    ],
)
def test_days_are_counted_from_the_start(start: Start, end: datetime, expected: datetime):
    ended = make_license(expires_at=end)
    assert renewed(ended, days=30, start=start).expires_at == expected
    maintained = make_license(maintenance_until=end)
    after = renewed(maintained, maintenance_days=30, start=start)
    assert (after.maintenance_until, after.expires_at) == (expected, None)


def test_grace_is_no_part_of_what_is_left():
    in_grace = make_license(Terms(grace_days=14), expires_at=NOW - 3 * DAY)
    assert refuse_standing(in_grace, NOW) is None
    assert renewed(in_grace, days=30).expires_at == NOW + 30 * DAY
    assert renewed(in_grace, days=30, start=Start.END).expires_at == NOW + 27 * DAY


def test_its_own_term_is_added_when_no_days_are_given():
    by_policy = make_license(Terms(term_days=365))  # issued 10 days ago
    after = renewed(by_policy)
    assert after.expires_at == NOW + (355 + 365) * DAY
    assert renewed(after).expires_at == NOW + (355 + 2 * 365) * DAY
    assert renewed(make_license(Terms(term_days=365), expires_at=NOW)).expires_at == NOW + 365 * DAY


def test_what_is_asked_for_is_renewed_and_nothing_else():
    license_ = make_license(Terms(term_days=365, maintenance_days=100))
    both = renewed(license_, days=1, maintenance_days=2)
    assert both.expires_at == NOW + 356 * DAY
    assert both.maintenance_until == NOW + 92 * DAY
    assert renewed(license_, maintenance_days=2).expires_at is None
    assert renewed(license_, days=1).maintenance_until is None
    assert replace(both, expires_at=None, maintenance_until=None) == license_


def test_a_term_that_has_begun_with_the_first_activation_is_renewed():
    terms = Terms(term_days=30, term_from=TermFrom.ACTIVATION)
    assert renewed(make_license(terms, started_at=NOW - DAY)).expires_at == NOW + 59 * DAY
    given_an_end = make_license(terms, expires_at=NOW + DAY)
    assert renewed(given_an_end).expires_at == NOW + 31 * DAY


@pytest.mark.parametrize(
    ("license_", "wanted", "why"),
    [
        (make_license(), Renewal(), Unrenewable.NEVER_ENDS),
        (make_license(), Renewal(days=30), Unrenewable.NEVER_ENDS),
        (
            make_license(Terms(term_days=30, term_from=TermFrom.ACTIVATION)),
            Renewal(days=30),
            Unrenewable.NOT_BEGUN,
        ),
        (make_license(expires_at=NOW), Renewal(), Unrenewable.NO_TERM),
        (
            make_license(Terms(term_days=30)),
            Renewal(maintenance_days=30),
            Unrenewable.MAINTENANCE_NEVER_ENDS,
        ),
        (  # all or nothing
            make_license(Terms(term_days=30)),
            Renewal(days=30, maintenance_days=30),
            Unrenewable.MAINTENANCE_NEVER_ENDS,
        ),
    ],
)
def test_where_there_is_nothing_to_add_to_it_says_why(
    license_: License, wanted: Renewal, why: Unrenewable
):
    assert renew(license_, wanted, NOW) is why


@given(st.integers(-5000, 5000), st.integers(1, 36_500))
def test_from_the_end_or_now_never_takes_a_day_away(left: int, days: int):
    license_ = make_license(expires_at=NOW + left * DAY)
    end = renewed(license_, days=days).expires_at
    assert end == NOW + (max(left, 0) + days) * DAY
    assert all(
        end >= (renewed(license_, days=days, start=start).expires_at or NOW)
        for start in (Start.END, Start.NOW)
    )


def test_a_renewal_beyond_the_calendar_ends_with_it():
    license_ = make_license(expires_at=FOREVER - DAY)
    assert renewed(license_, days=36_500).expires_at == FOREVER
