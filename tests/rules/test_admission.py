"""Check-ins are let in before activations, activations before look-ups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.rules.admission import Rank, bounds, rank_of

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
        ("GET", "/healthz", None),
        ("HEAD", "/healthz", None),
        ("GET", "/readyz", None),
    ],
)
def test_what_a_request_is_for(method: str, path: str, rank: Rank | None):
    assert rank_of(method, path) is rank


@given(st.integers(1, 10**6))
def test_whoever_matters_more_finds_more_room(most: int):
    check_in, activation, look_up = (bounds(most)[rank] for rank in Rank)
    assert check_in.all == check_in.own == most
    assert most >= activation.all >= look_up.all >= 1
    assert most >= activation.own >= look_up.own >= 1


def test_the_rooms_of_the_default():
    assert [(each.all, each.own) for each in bounds(512).values()] == [
        (512, 512),
        (384, 64),
        (256, 64),
    ]
