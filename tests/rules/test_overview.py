"""What the overview takes for much, and for lately."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.rules import overview
from activation_server.rules.overview import Listed

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)


def listed(count: int, seats: int | None) -> Listed:
    return Listed(UUID(int=count), "ABCDE", "backup-pro", seats, count)


def test_days_are_the_last_thirty_with_today():
    days = overview.days(NOW)
    assert (len(days), days[0], days[-1]) == (30, date(2026, 1, 31), date(2026, 3, 1))


def test_months_are_the_last_twelve_with_this_one():
    months = overview.months(NOW.replace(day=31))
    assert (len(months), months[0], months[-1]) == (12, date(2025, 4, 1), date(2026, 3, 1))


def test_a_day_without_anything_is_nothing():
    days = overview.days(NOW)
    filled = overview.filled({days[3]: 7, date(2020, 1, 1): 9}, days)
    assert [day for day, _ in filled] == list(days)
    assert [(day, count) for day, count in filled if count] == [(days[3], 7)]


def test_who_joined_is_active_until_they_leave():
    months = overview.months(NOW)
    joined, left = {months[0]: 5, months[2]: 2}, {months[2]: 1, months[11]: 6}
    active = overview.active_by_month(joined, left, months)
    assert [count for _, count in active] == [5, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 0]


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 99)), st.integers(0, 99))
def test_top_and_rest_are_all_of_them(counts: dict[str, int], others: int):
    total = sum(counts.values()) + others
    top, rest = overview.top_and_rest(counts, total, 3)
    assert sum(count for _, count in top) + rest == total
    least = min((count for _, count in top), default=0)
    left_out = [count for name, count in counts.items() if name not in dict(top)]
    assert len(top) == min(3, len(counts))
    assert all(count <= least for count in left_out)


@pytest.mark.parametrize(
    ("activations", "seats", "leaked"),
    [
        (9, 1, False),
        (10, 1, True),
        (10, 3, True),
        (11, 4, False),
        (12, 4, True),
        (299, 100, False),
        (300, 100, True),
        (10**6, None, False),
    ],
)
def test_a_key_looks_leaked_by_its_seats(activations: int, seats: int | None, leaked: bool):
    assert overview.is_much_activated(activations, seats) == leaked


def test_only_so_many_are_listed_and_all_are_counted():
    found = overview.much_activated([listed(50 - each, 1) for each in range(45)])
    assert (found.count, len(found.first)) == (41, overview.LISTED)
    assert found.first[0].count == 50


def test_numbers_are_good_for_some_minutes():
    made = NOW
    for later, good, anew in [
        (timedelta(), True, False),
        (timedelta(seconds=59), True, False),
        (timedelta(minutes=1), True, True),
        (timedelta(minutes=5, seconds=-1), True, True),
        (timedelta(minutes=5), False, True),
        (timedelta(seconds=-1), False, True),  # the clock was set
    ]:
        now = made + later
        assert overview.is_good(made, now) == good
        assert overview.may_be_made_anew(made, now) == anew
