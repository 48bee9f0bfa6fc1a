"""How long the state machine plays."""

from typing import Any

from hypothesis import HealthCheck, settings

STEPS = 50  # of a play


def settings_of(plays: int, **more: Any) -> settings:
    """Settings for so many plays."""
    return settings(
        max_examples=plays,
        stateful_step_count=STEPS,
        deadline=None,  # a step waits for the database, and for who else works on this machine
        database=None,  # each play begins on an empty server: a seed alone repeats it
        print_blob=False,
        suppress_health_check=[
            HealthCheck.too_slow,  # a play asks a real database some hundred times
        ],
        **more,
    )
