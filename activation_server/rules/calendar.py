"""Months by the calendar."""

from calendar import monthrange
from datetime import MAXYEAR, MINYEAR, datetime


def add_months(moment: datetime, months: int) -> datetime | None:
    """Give the same day so many months later, or earlier; `None` beyond the calendar.

    The month's last day where it has no such day.
    """
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    if not MINYEAR <= year <= MAXYEAR:
        return None
    day = min(moment.day, monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day)
