from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.rules.license import (
    App,
    TermFrom,
    Terms,
    notices,
    refuse_app,
    refuse_standing,
    version_key,
)
from activation_server.rules.reasons import Notice, Reason
from tests.factories import DAY, NOW, make_license


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("10.0.1 beta", (10, 0, 1)),
        ("v2.5", (2, 5)),
        ("9.9.1234", (9, 9, 1234)),
        ("2026-10_3", (2026, 10, 3)),
        ("beta", ()),
    ],
)
def test_versions_are_compared_by_their_numbers(text: str, key: tuple[int, ...]):
    assert version_key(text) == key


@pytest.mark.parametrize(
    ("highest", "version", "covered"),
    [
        ("9", "9.9.1234", True),
        ("9", "10.0", False),
        ("9.2", "9.2.7", True),
        ("9.2", "9.10", False),
        ("9.2", "9", True),
        ("10", "9.9", True),
    ],
)
def test_a_highest_version_covers_all_below_it(highest: str, version: str, covered: bool):
    refused = refuse_app(make_license(Terms(max_version=highest)), App(version))
    assert (refused is None) is covered


def test_an_edition_is_compared_without_case_and_may_be_unsaid():
    license_ = make_license(Terms(edition="Professional"))
    assert refuse_app(license_, App("1", edition="PROFESSIONAL")) is None
    assert refuse_app(license_, App("1")) is None
    refused = refuse_app(license_, App("1", edition="home"))
    assert refused is not None
    assert refused.reason is Reason.EDITION_NOT_COVERED


def test_a_term_counts_from_issue_or_from_the_first_activation():
    from_issue = make_license(Terms(term_days=30))
    assert from_issue.ends_at(NOW) == from_issue.issued_at + 30 * DAY
    terms = Terms(term_days=30, term_from=TermFrom.ACTIVATION)
    assert make_license(terms).ends_at(NOW) == NOW + 30 * DAY
    assert make_license(terms, started_at=NOW - DAY).ends_at(NOW) == NOW + 29 * DAY


def test_an_own_end_goes_before_the_policy():
    assert make_license(Terms(term_days=30), expires_at=NOW).ends_at(NOW) == NOW


@given(st.integers(-100, 100), st.integers(0, 50))
def test_a_license_works_until_the_end_of_its_grace(days: int, grace: int):
    license_ = make_license(Terms(grace_days=grace), expires_at=NOW + days * DAY)
    assert (refuse_standing(license_, NOW) is None) is (days + grace > 0)


def test_ends_are_told_in_time():
    def told(**values: object) -> tuple[Notice, ...]:
        license_ = make_license(Terms(grace_days=5), **values)
        return notices(license_, license_.coverage(NOW), NOW)

    assert told() == ()
    assert told(expires_at=NOW + 31 * DAY) == ()
    assert told(expires_at=NOW + 30 * DAY) == (Notice.LICENSE_ENDS_SOON,)
    assert told(expires_at=NOW - DAY) == (Notice.LICENSE_IN_GRACE,)
    assert told(maintenance_until=NOW + DAY) == (Notice.MAINTENANCE_ENDS_SOON,)
    assert told(maintenance_until=NOW - DAY) == (Notice.MAINTENANCE_ENDED,)


def test_never_may_be_written_as_the_calendars_end():
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    license_ = make_license(Terms(grace_days=30), expires_at=end)
    assert license_.stops_at(NOW) == end
    assert make_license(Terms(term_days=10**8)).ends_at(NOW) == end
