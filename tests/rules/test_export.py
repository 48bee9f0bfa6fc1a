"""What of a license is a person's to see, and until when it is kept."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from activation_server.rules import export, retention
from activation_server.rules import personal_data as kind
from activation_server.rules.export import Row, Share, UsedComputer
from activation_server.rules.person import Role
from activation_server.rules.retention import Retention

LICENSE, ANA, BEN = (UUID(int=number, version=4) for number in (1, 2, 3))
AT = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)


def computer(number: int, person: UUID | None, *, erased: bool = False) -> UsedComputer:
    return UsedComputer(UUID(int=number, version=4), bytes([number]), person, erased, AT)


OF_ANA, OF_BEN, OF_NOBODY, ERASED = (
    computer(11, ANA),
    computer(12, BEN),
    computer(13, None),
    computer(14, None, erased=True),
)


def share(ana: Role, others: dict[UUID, Role], *computers: UsedComputer) -> Share:
    return export.share(LICENSE, "app", {ANA}, {ANA: ana, **others}, computers)


@pytest.mark.parametrize(
    ("mine", "computers", "whole"),
    [
        (share(Role.BUYER, {}, OF_ANA, OF_NOBODY), [OF_ANA, OF_NOBODY], True),
        (share(Role.BUYER, {}, OF_ANA, ERASED), [OF_ANA], False),
        (
            share(Role.BUYER, {BEN: Role.USER}, OF_ANA, OF_BEN, OF_NOBODY),
            [OF_ANA, OF_NOBODY],
            False,
        ),
        (share(Role.BUYER, {BEN: Role.USER}, OF_ANA), [OF_ANA], False),
        (share(Role.USER, {}, OF_ANA), [OF_ANA], True),
        (share(Role.USER, {}, OF_ANA, OF_NOBODY), [OF_ANA], False),
        (share(Role.USER, {BEN: Role.BUYER}, OF_ANA, OF_BEN), [OF_ANA], False),
    ],
)
def test_whose_computers_are_whose(mine: Share, computers: list[UsedComputer], whole: bool):
    assert (mine.computers, mine.whole) == (computers, whole)


@pytest.mark.parametrize(
    ("details", "buyer", "user"),
    [
        ({"activation_id": str(OF_ANA.activation_id)}, True, True),
        ({"activation_id": str(OF_BEN.activation_id)}, False, False),
        (
            {"deep": [{"of": [str(OF_BEN.activation_id)]}], "a": str(OF_ANA.activation_id)},
            False,
            False,
        ),
        ({str(OF_BEN.activation_id): 1}, False, False),
        ({"reason": f"copy of {OF_BEN.activation_id}, says support."}, False, False),
        ({"reason": "unpaid"}, True, False),
        ({}, True, False),
    ],
)
def test_a_line_is_for_who_is_named_and_nobody_else(details: Row, buyer: bool, user: bool):
    for role, other, seen in ((Role.BUYER, Role.USER, buyer), (Role.USER, Role.BUYER, user)):
        mine = share(role, {BEN: other}, OF_ANA, OF_BEN)
        assert export.may_see(mine, {"details": details}, mine.ids()) == seen


def test_keys_and_orders_are_the_buyers_and_what_a_refusal_was_about_nobodys():
    for role, hidden in ((Role.BUYER, False), (Role.USER, True)):
        mine = share(role, {BEN: Role.USER}, OF_ANA, OF_BEN)
        ids = mine.ids()
        for each in (kind.ORDER, kind.KEY_TAIL, kind.SEALED_KEY, kind.KEY_DIGEST):
            assert export.is_of_others(mine, "x", each, "text", ids) == hidden
        assert export.is_of_others(mine, "evidence", kind.EVIDENCE, {}, ids)
        assert export.is_of_others(mine, "trial_license_id", kind.TRIAL, BEN, ids)
        assert not export.is_of_others(mine, "license_id", kind.LICENSE_ID, LICENSE, ids)


@pytest.mark.parametrize(
    ("kept", "row", "expected"),
    [
        (retention.CONTACT, {}, date(2028, 11, 30)),
        (retention.COMMENTS, {"commented_at": AT}, date(2028, 11, 30)),
        (retention.HISTORY, {"at": AT}, date(2028, 12, 1)),
        (retention.REFUSALS, {"at": datetime(2024, 2, 29, tzinfo=UTC)}, date(2026, 2, 28)),
        (retention.LAST_REQUEST, {"answered_at": AT}, date(2026, 12, 30)),
        (retention.SEAT, {"removed_at": None}, None),
        (retention.LICENSE, {"at": AT}, None),
        (retention.KEYS, {"at": AT}, None),
    ],
)
def test_until_when(kept: Retention, row: Row, expected: date | None):
    assert export.until(kept, row, AT) == expected
