"""When what is shown while one types needs an entry in the audit log."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from activation_server.rules.looking import LASTS, going_on, noted

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
ANA, BOB, EVE = (UUID(int=number) for number in (1, 2, 3))


def test_a_look_begins_with_an_entry_whatever_it_shows():
    assert going_on(None, [], NOW) is None
    assert going_on(None, [ANA], NOW) is None
    assert noted(None, [ANA], NOW).shown == {ANA}


def test_fewer_of_the_same_need_no_other_entry():
    look = noted(None, [ANA, BOB], NOW)
    for shown in ([ANA], [], [BOB, ANA]):
        assert going_on(look, shown, NOW) is look


def test_one_that_no_entry_tells_of_needs_one():
    look = noted(None, [ANA], NOW)
    assert going_on(look, [ANA, BOB], NOW) is None
    both = noted(look, [ANA, BOB], NOW + timedelta(seconds=1))
    assert both.shown == {ANA, BOB}
    assert both.began_at == NOW
    assert going_on(both, [ANA], NOW) is both
    assert going_on(both, [EVE], NOW) is None


def test_a_look_is_over_after_a_minute_and_when_the_clock_was_set_back():
    look = noted(None, [ANA], NOW)
    assert going_on(look, [ANA], NOW + LASTS - timedelta(seconds=1)) is look
    for then in (NOW + LASTS, NOW - timedelta(seconds=1)):
        assert going_on(look, [ANA], then) is None
        assert noted(look, [BOB], then).shown == {BOB}
