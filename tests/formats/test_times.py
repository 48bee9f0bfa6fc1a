from datetime import UTC, datetime, timedelta, timezone

import pytest

from activation_server.formats.times import parse_end, parse_start, rfc3339


def test_times_are_written_in_utc_and_whole_seconds():
    east = timezone(timedelta(hours=2))
    assert rfc3339(datetime(2026, 11, 22, 12, 0, 0, 999, tzinfo=east)) == "2026-11-22T10:00:00Z"


def test_a_date_means_the_end_of_that_day():
    assert parse_end("2027-12-31") == datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_a_date_to_start_from_means_its_beginning():
    assert parse_start("2027-12-31") == datetime(2027, 12, 31, tzinfo=UTC)
    assert parse_start("2027-12-31T12:00:00Z") == datetime(2027, 12, 31, 12, tzinfo=UTC)


def test_a_time_means_itself():
    assert parse_end("2027-12-31T12:00:00+02:00") == datetime(2027, 12, 31, 10, tzinfo=UTC)
    assert parse_end(" 2027-12-31T12:00:00Z ") == datetime(2027, 12, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "2027-02-30", "31.12.2027", "2027-12-31T12:00:00"])
def test_anything_else_is_told(text: str):
    with pytest.raises(ValueError, match=r"2027-12-31|zone"):
        parse_end(text)


def test_an_end_outside_the_calendar_is_told():
    with pytest.raises(ValueError, match="outside the calendar"):
        parse_end("0001-01-01T00:00:00+02:00")
