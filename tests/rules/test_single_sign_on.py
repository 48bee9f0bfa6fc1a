from datetime import UTC, datetime, timedelta

import pytest

from activation_server.rules.errors import OperatorError
from activation_server.rules.permissions import Role
from activation_server.rules.single_sign_on import (
    Identity,
    SignOnRules,
    checked_email,
    email_form,
    is_anew,
)

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
PLAIN = Identity("https://login.example.com", "7")


def test_an_address_is_compared_in_any_case_and_no_other_letter_is_taken_for_it():
    assert email_form(" Ana@Example.COM ") == "ana@example.com"
    assert email_form("\u212aim@example.com") != email_form("kim@example.com")  # Kelvin
    assert email_form("ａna@example.com") != email_form("ana@example.com")
    for wrong in ("", "ana", "@example.com", "a b@example.com", "a@b@c", "x" * 65 + "@y"):
        with pytest.raises(OperatorError):
            checked_email(wrong)


def test_what_counts_as_two_factors_is_what_the_operator_says():
    said = Identity("https://login.example.com", "7", methods=["pwd", "mfa"], level="gold")
    assert not SignOnRules("x").is_two(said)
    assert SignOnRules("x", two_factors=True).is_two(PLAIN)
    for rules in (
        SignOnRules("x", methods=frozenset({"mfa"})),
        SignOnRules("x", levels=frozenset({"gold"})),
    ):
        assert rules.is_two(said)
        assert not rules.is_two(PLAIN)
        assert rules.may_be_two()


def test_administrators_never_depend_on_it():
    for role in Role:
        due = SignOnRules("x", required=True).is_due_for(role)
        assert due is (role is not Role.ADMINISTRATOR)
        assert not SignOnRules("x").is_due_for(role)


@pytest.mark.parametrize(("seconds", "anew"), [(0, True), (-60, True), (-61, False), (5, True)])
def test_somebody_signed_in_again_since_they_were_asked_give_or_take_a_minute(
    seconds: int, anew: bool
):
    at = NOW + timedelta(seconds=seconds)
    assert is_anew(Identity("i", "s", signed_in_at=at), NOW) is anew
    assert not is_anew(PLAIN, NOW)
