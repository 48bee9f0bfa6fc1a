from dataclasses import replace
from datetime import timedelta

import pytest

from activation_server.rules.api_token import SCOPES, Standing, TokenOrder, check, made
from activation_server.rules.errors import OperatorError
from activation_server.rules.permissions import NOT_FOR_TOKENS, Permission
from tests.factories import NOW

SHOP = TokenOrder("shop", [Permission.LICENSES_READ], 90)


def test_a_token_is_valid_until_it_is_over_or_revoked():
    token = made(SHOP, "ana", NOW)
    last = NOW + timedelta(days=90)
    assert token.standing(last - timedelta(seconds=1)) is Standing.VALID
    assert token.standing(last) is Standing.EXPIRED
    assert replace(token, revoked_at=NOW).standing(NOW) is Standing.REVOKED
    assert token.actor == "token:shop"


@pytest.mark.parametrize("name", ["shop", "crm-2", "a", "0.b_c", "a" * 64])
def test_good_names(name: str):
    check(replace(SHOP, name=name))


@pytest.mark.parametrize("name", ["", "-shop", "Shop", "a" * 65, "a b", "a\n", "ü", "<b>", "a:b"])
def test_other_names_are_refused(name: str):
    with pytest.raises(OperatorError, match="Name a token"):
        check(replace(SHOP, name=name))


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_token_does_not_last_for_ever(days: int):
    check(replace(SHOP, days=366))
    with pytest.raises(OperatorError, match="1 to 366 days"):
        check(replace(SHOP, days=days))


@pytest.mark.parametrize("scopes", [[], [*NOT_FOR_TOKENS]])
def test_what_is_done_at_the_machine_is_not_for_tokens(scopes: list[Permission]):
    check(replace(SHOP, scopes=SCOPES))
    with pytest.raises(OperatorError, match="at least one of the scopes"):
        check(replace(SHOP, scopes=scopes))
