"""Times on the wire: RFC 3339 in UTC, whole seconds."""

from datetime import UTC, datetime, time


def rfc3339(moment: datetime) -> str:
    """Write a moment as `2026-11-22T10:00:00Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def parse_end(text: str) -> datetime:
    """Read an operator's end time: RFC 3339, or a date, which means the end of that day in UTC.

    Raises ValueError with a sentence that says what is expected.
    """
    return _parse(text, time(23, 59, 59))


def parse_start(text: str) -> datetime:
    """Read a time as `parse_end` does; a date means the beginning of that day in UTC."""
    return _parse(text, time())


def _parse(text: str, of_a_day: time) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        msg = f"{text!r} is no date (2027-12-31) and no RFC 3339 time (2027-12-31T12:00:00Z)"
        raise ValueError(msg) from None
    if len(text.strip()) <= len("2027-12-31"):
        return datetime.combine(moment.date(), of_a_day, UTC)
    if moment.tzinfo is None:
        msg = f"{text!r} has no time zone: end it with Z for UTC"
        raise ValueError(msg)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        msg = f"{text!r} lies outside the calendar"
        raise ValueError(msg) from None
