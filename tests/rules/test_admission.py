"""Check-ins are let in before activations, activations before look-ups."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.rules.admission import (
    LEAST,
    PATIENCE,
    SHARES,
    Rank,
    most_places,
    places_after,
    rank_of,
)
from activation_server.rules.rate_limit import SECOND

ID = "e0ecab30-bd76-89d5-bbeb-d6e595ba53c2"


@pytest.mark.parametrize(
    ("method", "path", "rank"),
    [
        ("POST", f"/v1/activations/{ID}/reactivations", Rank.CHECK_IN),
        ("POST", "/v1/activations", Rank.ACTIVATION),
        ("POST", "/v1/trials", Rank.ACTIVATION),
        ("POST", f"/v1/activations/{ID}/deactivation", Rank.ACTIVATION),
        ("POST", "/v1/offline", Rank.LOOK_UP),
        ("POST", "/offline", Rank.LOOK_UP),
        ("GET", f"/v1/activations/{ID}/reactivations", Rank.LOOK_UP),
        ("GET", "/.well-known/jwks.json", Rank.LOOK_UP),
        ("GET", "/problems/rate-limited", Rank.LOOK_UP),
        ("GET", "/openapi.json", Rank.LOOK_UP),
        ("POST", "/no/such/call", Rank.LOOK_UP),
        ("GET", "/admin/v1/licenses", Rank.STAFF),
        ("POST", "/admin/v1/licenses", Rank.STAFF),
        ("GET", "/console", Rank.STAFF),
        ("POST", "/console/sign-in", Rank.STAFF),
        ("GET", "/healthz", None),
        ("HEAD", "/healthz", None),
        ("GET", "/readyz", None),
    ],
)
def test_what_a_request_is_for(method: str, path: str, rank: Rank | None):
    assert rank_of(method, path) is rank


@given(st.integers(1, 10**6))
def test_whoever_matters_more_has_more_places(most: int):
    check_in, activation, look_up, staff = (most_places(rank, most) for rank in Rank)
    assert most == check_in >= activation >= look_up >= staff >= 1


def test_nobody_waits_for_those_behind():
    customers = [rank for rank in Rank if rank is not Rank.STAFF]
    for rank, behind in itertools.pairwise(customers):
        assert rank in SHARES[behind].before
        assert behind not in SHARES[rank].before


def test_staff_wait_for_nobody_and_nobody_for_them():
    assert SHARES[Rank.STAFF].before == {}
    assert all(Rank.STAFF not in share.before for share in SHARES.values())


@given(st.integers(1, 1000), st.lists(st.integers(0, 2 * PATIENCE)))
def test_there_are_never_none_and_never_too_many(most: int, times: list[int]):
    places = most
    for took in times:
        places = places_after(places, places, took, most)
        assert min(LEAST, most) <= places <= most


@pytest.mark.parametrize("a_second", [40, 200, 4000])
def test_places_follow_what_the_machine_can_do(a_second: int):
    """Whoever comes into a full house waits for all before: the places settle at the patience."""
    places = 512
    for _ in range(2000):
        places = places_after(places, places, places * SECOND // a_second, 512)
    assert places == pytest.approx(min(512, max(LEAST, a_second * PATIENCE // SECOND)), abs=1)


def test_with_time_to_spare_all_places_are_back():
    places = LEAST
    for _ in range(512):
        places = places_after(places, places, PATIENCE // 10, 512)
    assert places == 512


@pytest.mark.parametrize(("taken", "after"), [(1, 64), (31, 64), (32, 65), (64, 65)])
def test_a_few_that_are_quick_say_nothing_of_many(taken: int, after: int):
    assert places_after(64, taken, 0, 512) == after
