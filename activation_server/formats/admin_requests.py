"""What the admin API takes: bodies, and values in them that query parameters have as well."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema

_YEARS: Final = range(1900, 9999)  # which every time zone has
_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def _moment(text: object) -> datetime:
    """Read a time (RFC 3339); raises ValueError."""
    if not isinstance(text, str) or not _RFC_3339.fullmatch(text.upper()):
        msg = "must be a time with its zone, as 2027-12-31T12:00:00Z"
        raise ValueError(msg)
    moment = datetime.fromisoformat(text.upper())
    if moment.year not in _YEARS:
        msg = f"must lie in the years {_YEARS.start} to {_YEARS.stop - 1}"
        raise ValueError(msg)
    return moment.astimezone(UTC).replace(microsecond=0)


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
