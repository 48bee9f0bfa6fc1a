from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from activation_server.rules.errors import OperatorError
from activation_server.rules.hold import Hold, HoldOrder, HoldStatus, check_order

TODAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def order(until: date, reason: str = "a dispute", ordered_by: str = "the lawyer") -> HoldOrder:
    return HoldOrder(reason, ordered_by, until)


@pytest.mark.parametrize("until", [date(2026, 11, 23), date(2036, 11, 22)])
def test_an_end_within_ten_years_is_taken(until: date):
    check_order(order(until), TODAY)


@pytest.mark.parametrize(
    ("until", "fault"),
    [
        (date(2026, 11, 21), "in the future"),
        (TODAY, "in the future"),
        (date(2036, 11, 23), "by 2036-11-22"),
        (date.max, "within 10 years"),
    ],
)
def test_an_end_that_is_past_or_too_far_is_refused(until: date, fault: str):
    with pytest.raises(OperatorError, match=fault):
        check_order(order(until), TODAY)


def test_ten_years_from_a_leap_day_are_counted():
    check_order(order(date(2038, 3, 1)), date(2028, 2, 29))
    with pytest.raises(OperatorError, match="by 2038-03-01"):
        check_order(order(date(2038, 3, 2)), date(2028, 2, 29))


@pytest.mark.parametrize(("reason", "ordered_by"), [(" ", "the lawyer"), ("a dispute", "\t")])
def test_a_hold_needs_words(reason: str, ordered_by: str):
    with pytest.raises(OperatorError, match="needs a reason"):
        check_order(order(date(2027, 1, 1), reason, ordered_by), TODAY)


@pytest.mark.parametrize(
    ("lifted", "today", "status"),
    [
        (None, date(2027, 1, 1), HoldStatus.IN_FORCE),
        (None, date(2027, 1, 2), HoldStatus.ENDED),
        (NOON, TODAY, HoldStatus.LIFTED),
        (NOON, date(2027, 1, 2), HoldStatus.LIFTED),
    ],
)
def test_a_hold_is_in_force_through_its_last_day_unless_it_is_lifted(
    lifted: datetime | None, today: date, status: HoldStatus
):
    hold = Hold(
        hold_id=UUID(int=1),
        license_id=UUID(int=2),
        person_id=None,
        until=date(2027, 1, 1),
        placed_at=NOON,
        reason="a dispute",
        ordered_by="the lawyer",
        lifted_at=lifted,
    )
    assert hold.status(today) is status
    assert hold.is_in_force(today) is (status is HoldStatus.IN_FORCE)
    assert "dispute" not in repr(hold)
    assert "lawyer" not in repr(hold)
