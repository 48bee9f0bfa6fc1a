from itertools import pairwise

import pytest

from activation_server.rules.permissions import MAY, NOT_FOR_TOKENS, STEP_UP, Permission, Role, may


def test_every_role_is_in_the_table():
    assert set(MAY) == set(Role)


def test_an_administrator_may_do_everything_and_nobody_else():
    assert [role for role in Role if MAY[role] == set(Permission)] == [Role.ADMINISTRATOR]


@pytest.mark.parametrize(
    ("less", "more"),
    list(pairwise([Role.VIEWER, Role.SUPPORT, Role.MANAGER, Role.ADMINISTRATOR])),
)
def test_who_has_a_higher_role_may_do_more(less: Role, more: Role):
    assert MAY[less] < MAY[more]


def test_personal_data_leaves_only_by_the_privacy_officer():
    takers = {Permission.PEOPLE_EXPORT, Permission.PEOPLE_ERASE, Permission.NEWSLETTER_MANAGE}
    for role in (Role.VIEWER, Role.SUPPORT, Role.MANAGER):
        assert not MAY[role] & takers
    assert takers < MAY[Role.PRIVACY_OFFICER]


def test_a_privacy_officer_changes_no_license():
    assert not may(Role.PRIVACY_OFFICER, Permission.LICENSES_SUPPORT)
    assert not may(Role.PRIVACY_OFFICER, Permission.LICENSES_CHANGE)


def test_a_viewer_needs_no_step_up_and_the_machine_is_not_for_tokens():
    assert not MAY[Role.VIEWER] & STEP_UP
    assert Permission.SERVER_OPERATE in NOT_FOR_TOKENS
