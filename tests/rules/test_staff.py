from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from activation_server.rules import staff
from activation_server.rules.errors import OperatorError
from activation_server.rules.permissions import Role
from activation_server.rules.staff import Session, SessionTimes, Standing

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
TIMES = SessionTimes()
SESSION = Session(
    UUID(int=1), UUID(int=2), "ana", Role.VIEWER, NOW, NOW, NOW, NOW + timedelta(hours=12)
)


@pytest.mark.parametrize("typed", ["ana", " Ana ", "ANA", "ａｎａ"])
def test_a_name_is_one_however_it_is_typed(typed: str):
    assert staff.checked_name(typed) == "ana"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        ".ana",
        "ana-",
        "a b",
        "ana\r\nSet-Cookie: x=y",
        "<script>alert(1)</script>",
        "zoë",
        "аna",  # its first letter is Cyrillic
        "a" * 65,
        "ana\x00",
    ],
)
def test_a_name_that_could_be_taken_for_another_is_refused(typed: str):
    with pytest.raises(OperatorError, match="1 to 64 characters"):
        staff.checked_name(typed)


def test_nobody_is_named_as_the_server_is():
    for name in ("server", "Unknown"):
        with pytest.raises(OperatorError, match="nobody's"):
            staff.checked_name(name)


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("short-words", "at least 12"),
        ("", "at least 12"),
        ("x" * 257, "at most 256"),
        ("ana.popescu", "at least 12"),
        ("ana.popescu1", "your name"),
        ("Ana.Popescu-2026", "your name"),
        ("abababababab", "more different"),
        ("            ", "more different"),
    ],
)
def test_a_password_that_is_soon_guessed_is_refused(password: str, told: str):
    assert told in (staff.password_fault(password, "ana.popescu") or "")


@pytest.mark.parametrize(
    "password",
    ["correct horse", "Ana.Popescu likes her garden", "пароль подлиннее", "x1y2z3" * 40],
)
def test_a_long_password_is_taken(password: str):
    assert staff.password_fault(password, "ana.popescu") is None


def test_a_short_name_in_a_password_is_no_fault():
    assert staff.password_fault("banana split, twice", "ana") is None


def test_recovery_codes_are_written_to_be_copied():
    assert staff.recovery_code(bytes(10)) == "0000-0000-0000-0000"
    assert staff.recovery_code(b"\xff" * 10) == "zzzz-zzzz-zzzz-zzzz"
    code = staff.recovery_code(bytes(range(10)))
    assert code == "000g-40r4-0m30-e209"
    for typed in (code.upper(), code.replace("-", " "), f" {code.replace('0', 'O')}\n"):
        assert staff.recovery_form(typed) == staff.recovery_form(code)
    assert staff.recovery_form("1") == staff.recovery_form("l") == staff.recovery_form("I")


def test_a_session_ends_unused_and_after_a_day_of_work():
    idle = SESSION.seen_at + TIMES.idle + staff.SEEN_EVERY
    assert SESSION.holds(idle - timedelta(seconds=1), TIMES)
    assert not SESSION.holds(idle, TIMES)
    used = replace(SESSION, seen_at=SESSION.ends_at - timedelta(seconds=1))
    assert used.holds(SESSION.ends_at - timedelta(seconds=1), TIMES)
    assert not used.holds(SESSION.ends_at, TIMES)


def test_a_session_is_fresh_for_some_minutes():
    assert SESSION.is_fresh(NOW + TIMES.fresh - timedelta(seconds=1), TIMES)
    assert not SESSION.is_fresh(NOW + TIMES.fresh, TIMES)


def test_the_use_of_a_session_is_noted_to_the_minute():
    assert not SESSION.is_to_be_noted(NOW + timedelta(seconds=59))
    assert SESSION.is_to_be_noted(NOW + timedelta(seconds=60))


@pytest.mark.parametrize(
    ("disabled", "set_up", "is_"),
    [
        (False, False, Standing.INVITED),
        (False, True, Standing.ACTIVE),
        (True, False, Standing.DISABLED),
        (True, True, Standing.DISABLED),
    ],
)
def test_who_gets_in(disabled: bool, set_up: bool, is_: Standing):
    assert staff.standing(disabled=disabled, set_up=set_up) is is_


@pytest.mark.parametrize(
    ("others", "can_sign_in", "is_last"),
    [
        ([], True, True),
        ([], False, True),
        ([True], True, False),
        ([False], True, True),  # invited: can't sign in yet
        ([False], False, False),
        ([False, True], True, False),
    ],
)
def test_an_administrator_stays_who_can_sign_in(
    others: list[bool], can_sign_in: bool, is_last: bool
):
    known = {UUID(int=number): set_up for number, set_up in enumerate([can_sign_in, *others])}
    assert staff.is_last(UUID(int=0), known) is is_last
    assert not staff.is_last(UUID(int=9), known)  # who is none
