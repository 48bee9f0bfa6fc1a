"""What all bodies have in common: strictly typed, no value in a repr, read by `decode`."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)

from activation_server.formats import person
from activation_server.formats.client_api import NO_NUL, RequestInvalidError, faults_of

_YEARS: Final = range(1900, 9999)  # which every time zone has
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
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


def read_day(text: object) -> date:
    """Read a day; raises ValueError."""
    if not isinstance(text, str) or not _DAY.fullmatch(text):
        msg = "must be a day, as 2027-12-31"
        raise ValueError(msg)
    return date.fromisoformat(text)


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def string(longest: int, shortest: int = 1) -> Any:  # noqa: ANN401 - pydantic's constraint object
    """What a text may be: no blanks around it, so long, no NUL."""
    return StringConstraints(
        strip_whitespace=True, min_length=shortest, max_length=longest, pattern=NO_NUL
    )


Reason = Annotated[
    str,
    string(2000),
    Field(
        description="why: it stands in the audit log, and in a changed license's history, sealed",
        examples=["ticket 4711"],
    ),
]


def of_person(name: str) -> Any:  # noqa: ANN401 - a type
    """What a person's field may be, as everywhere."""

    def check(text: str) -> str:
        if fault := person.fault(name, text):
            raise ValueError(fault)
        return text

    return Annotated[str, string(person.LIMITS[name]), AfterValidator(check)]


class AdminBody(BaseModel):
    """A body: frozen, strictly typed, no value in its repr. A field that is unknown is refused."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        hide_input_in_errors=True,
        regex_engine="rust-regex",
    )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__


def example(body: dict[str, JsonValue]) -> ConfigDict:
    """Show in the schema what a body may be."""
    return ConfigDict(json_schema_extra={"examples": [body]})


class ReasonBody(AdminBody):
    """Why something is done."""

    reason: Reason


BodyT = TypeVar("BodyT", bound=AdminBody)


def decode(model: type[BodyT], data: bytes) -> BodyT:
    """Read a body; raises RequestInvalidError with one entry per fault."""
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise RequestInvalidError(faults_of(error)) from None
