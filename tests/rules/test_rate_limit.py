"""A caller gets a minute's calls at once, then one after the other as they come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.rules.rate_limit import MINUTE, SECOND, seconds, taken, wait

Quota = st.integers(1, 20_000)
Pauses = st.lists(st.integers(0, 3 * MINUTE), max_size=200)


def granted(a_minute: int, times: list[int], all_back_at: int = 0) -> list[int]:
    """Call at these times; give those at which there was a call to take."""
    got = []
    for now in times:
        if not wait(all_back_at, now, a_minute):
            all_back_at = taken(all_back_at, now, a_minute)
            got.append(now)
    return got


def times_of(pauses: list[int]) -> list[int]:
    times, now = [], 10**15
    for pause in pauses:
        now += pause
        times.append(now)
    return times


@pytest.mark.parametrize("a_minute", [1, 2, 7, 60, 1000, 10_000])
def test_a_minute_s_calls_may_come_at_once(a_minute: int):
    assert len(granted(a_minute, [10**15] * (a_minute + 5))) == a_minute


@pytest.mark.parametrize(
    ("a_minute", "waits"), [(1, 60), (2, 30), (60, 1), (7, 9), (1000, 1), (10_000, 1)]
)
def test_the_wait_is_told_in_whole_seconds(a_minute: int, waits: int):
    now, all_back_at = 10**15, 0
    for _ in range(a_minute):
        all_back_at = taken(all_back_at, now, a_minute)
    assert seconds(wait(all_back_at, now, a_minute)) == waits


@given(Quota, Pauses)
def test_there_is_a_call_exactly_when_the_wait_is_over(a_minute: int, pauses: list[int]):
    all_back_at = 0
    for now in times_of(pauses):
        missing = wait(all_back_at, now, a_minute)
        if missing:
            assert wait(all_back_at, now + missing - 1, a_minute) == 1
            assert wait(all_back_at, now + missing, a_minute) == 0
        else:
            all_back_at = taken(all_back_at, now, a_minute)


@given(st.integers(1, 50), st.lists(st.integers(0, 20 * SECOND), max_size=300))
def test_never_more_than_the_rate_and_a_minute_s_calls(a_minute: int, pauses: list[int]):
    got = granted(a_minute, times_of(pauses))
    interval = MINUTE // a_minute
    for first, begin in enumerate(got):
        for last in range(first, len(got)):
            assert last - first + 1 <= MINUTE // interval + (got[last] - begin) // interval + 1


@given(st.integers(1, 50), st.lists(st.integers(0, 20 * SECOND), max_size=200))
def test_an_even_rate_below_the_quota_is_never_refused(a_minute: int, pauses: list[int]):
    interval = -(-MINUTE // a_minute)
    times = times_of([interval + pause for pause in pauses])
    assert granted(a_minute, times) == times


@given(Quota, st.integers(0, 10 * MINUTE), st.integers(0, MINUTE))
def test_waiting_longer_never_makes_it_worse(a_minute: int, ahead: int, pause: int):
    now = 10**15
    assert wait(now + ahead, now + pause, a_minute) <= wait(now + ahead, now, a_minute)


@given(Quota, st.integers(0, 10**18))
def test_a_clock_that_jumps_back_locks_nobody_out(a_minute: int, jump: int):
    now = 10**15
    missing = wait(now + jump, now, a_minute)
    assert missing <= 2 * MINUTE
    assert wait(now + jump, now + missing, a_minute) <= 2 * MINUTE


def test_what_was_counted_beyond_the_quota_is_worked_off():
    now, all_back_at = 10**15, 0
    for _ in range(90):
        all_back_at = taken(all_back_at, now, 60)
    assert wait(all_back_at, now, 60) == 31 * SECOND
