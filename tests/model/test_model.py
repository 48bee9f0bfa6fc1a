"""A short run of the state machine; `make soak-model` goes on."""

from hypothesis import Phase
from hypothesis.stateful import run_state_machine_as_test

from tests.model.length import settings_of
from tests.model.server import running
from tests.model.support import SupportPlay

PLAYS = 25


def test_the_server_does_what_the_model_says(database_url: str):
    with running(database_url) as server:
        SupportPlay.server = server
        # Without shrinking: what differs is told at once, and shortened by `soak --shrink`.
        settings = settings_of(PLAYS, derandomize=True, phases=[Phase.generate])
        run_state_machine_as_test(SupportPlay, settings=settings)
    assert SupportPlay.tally.steps > PLAYS
