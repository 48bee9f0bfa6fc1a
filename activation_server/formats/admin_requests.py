"""What the admin API takes: bodies, and values in them that query parameters have as well."""

import re
from dataclasses import fields
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Self, TypeVar

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
    model_validator,
)

from activation_server.formats import person
from activation_server.formats.client_api import NO_NUL, RequestInvalidError, faults_of
from activation_server.rules import license_change
from activation_server.rules.branch import TrueBranch
from activation_server.rules.license import (
    MOST_DAYS,
    MOST_MINUTES,
    MOST_MONTHS,
    OnClone,
    Overage,
    TermFrom,
    Terms,
    Virtual,
    version_key,
)
from activation_server.rules.person import Person
from activation_server.rules.renewal import Start
from activation_server.rules.signing_keys import Algorithm

MOST_COUNT: Final = 2**31 - 1
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


def _day(text: object) -> date:
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


def _text(longest: int, shortest: int = 1) -> Any:  # noqa: ANN401 - pydantic's constraint object
    return StringConstraints(
        strip_whitespace=True, min_length=shortest, max_length=longest, pattern=NO_NUL
    )


Reason = Annotated[
    str,
    _text(2000),
    Field(
        description="why: it stands in the audit log, and in a changed license's history, sealed",
        examples=["ticket 4711"],
    ),
]


def _of_person(name: str) -> Any:  # noqa: ANN401 - a type
    """What a person's field may be, as everywhere."""

    def check(text: str) -> str:
        if fault := person.fault(name, text):
            raise ValueError(fault)
        return text

    return Annotated[str, _text(person.LIMITS[name]), AfterValidator(check)]


def _version(text: str) -> str:
    if not version_key(text):
        msg = "must be a version with numbers in it, as 9 or 9.2"
        raise ValueError(msg)
    return text


Count = Annotated[int, Field(ge=1, le=MOST_COUNT)]
Days = Annotated[int, Field(ge=1, le=MOST_DAYS)]
TermName = StrEnum("TermName", {each.name.upper(): each.name for each in fields(Terms)})  # type: ignore[misc]
_ENDS: Final = (license_change.EXPIRES, license_change.MAINTENANCE_UNTIL)


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


def _example(body: dict[str, JsonValue]) -> ConfigDict:
    """Show in the schema what a body may be."""
    return ConfigDict(json_schema_extra={"examples": [body]})


class ReasonBody(AdminBody):
    """Why something is done."""

    reason: Reason


class EmailBody(AdminBody):
    """A person, by the e-mail address."""

    email: _of_person("email") = Field(examples=["ana@example.com"])  # type: ignore[valid-type]


class PersonBody(AdminBody):
    """A person, by the e-mail address, and why something is done."""

    email: _of_person("email") = Field(examples=["ana@example.com"])  # type: ignore[valid-type]
    reason: Reason


class HoldBody(AdminBody):
    """A legal hold on a license, or on a person in every license that they have now."""

    model_config = _example(
        {
            "email": "ana@example.com",
            "reason": "case 4711",
            "ordered_by": "Dr. Law",
            "until": "2027-12-31",
        }
    )

    license: Annotated[str, _text(300), Field(description="a license's key or id")] | None = None
    email: _of_person("email") | None = None  # type: ignore[valid-type]
    reason: Reason
    ordered_by: Annotated[str, _text(300), Field(description="kept sealed")]
    until: Annotated[date, Field(description="its last day, at most 10 years ahead")]

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.license is None) == (self.email is None):
            msg = "name what is to be held: either license or email"
            raise ValueError(msg)
        return self


class NoteBody(AdminBody):
    """What support was told; it counts as a contact with the license's people."""

    text: Annotated[
        str,
        _text(2000),
        Field(description="sealed; it goes with the people", examples=["Moved to Cluj."]),
    ]


class DeclarationBody(AdminBody):
    """Which of two copies is the true one."""

    true: Annotated[
        TrueBranch,
        Field(description="the copy that checked in last, or the other, which a fork left behind"),
    ]
    reason: Reason


class BuyerBody(AdminBody):
    """Who bought a license; stored sealed."""

    name: _of_person("name") | None = None  # type: ignore[valid-type]
    company: _of_person("company") | None = None  # type: ignore[valid-type]
    email: _of_person("email") | None = None  # type: ignore[valid-type]

    def person(self) -> Person:
        """Give the person."""
        return Person(self.name, self.company, self.email)


def _without_defaults(schema: dict[str, Any]) -> None:
    """Describe no default: what is left out is not set."""
    for described in schema["properties"].values():
        described.pop("default", None)


class TermsBody(AdminBody):
    """Single terms instead of the policy's; null means unlimited, for ever or any.

    A term that is left out is the policy's, or stays as it is.
    """

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    seats: Count | None = 1
    term_days: Count | None = None
    term_from: TermFrom = TermFrom.ISSUE
    grace_days: Annotated[int, Field(ge=0, le=MOST_DAYS)] = 0
    maintenance_days: Count | None = None
    max_version: Annotated[str, _text(64), AfterValidator(_version)] | None = None
    edition: Annotated[str, _text(64)] | None = None
    features: Annotated[list[Annotated[str, _text(64)]], Field(max_length=100)] = []
    check_in_days: Days = 7
    certificate_days: Count | None = None
    transfers: Annotated[int, Field(ge=0, le=MOST_COUNT)] | None = None
    transfer_days: Days = 365
    floating_minutes: Annotated[int, Field(ge=1, le=MOST_MINUTES)] | None = None
    overage: Overage = Overage.NONE
    virtual: Virtual = Virtual.ALLOW
    virtual_seats: Count | None = None
    one_license_per_computer: bool = False
    trial_days: Days | None = None
    trial_again_months: Annotated[int, Field(ge=1, le=MOST_MONTHS)] | None = None
    clone: OnClone = OnClone.FLAG
    clone_certificate_hours: Annotated[int, Field(ge=1, le=8760)] = 72

    def given(self) -> dict[str, object]:
        """Give the terms that were named, as the rules have them."""
        named = {name: getattr(self, name) for name in sorted(self.model_fields_set)}
        return {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in named.items()
        }


class IssueBody(AdminBody):
    """A license that is to be issued."""

    model_config = _example(
        {
            "product": "backup-pro",
            "order": "FS-1001",
            "terms": {"seats": 3, "term_days": 365},
            "buyer": {"name": "Ana Popescu", "email": "ana@example.com"},
        }
    )

    product: Annotated[str, _text(64), Field(examples=["backup-pro"])]
    policy: Annotated[str, _text(200)] = "standard"
    terms: TermsBody = TermsBody()
    expires: Moment | None = None
    maintenance_until: Moment | None = None
    order: Annotated[_of_person("order"), Field(examples=["FS-1001"])] | None = None  # type: ignore[valid-type]
    buyer: BuyerBody = BuyerBody()
    reason: Reason | None = None


class ConvertBody(AdminBody):
    """What a trial becomes."""

    model_config = _example(
        {"reason": "order FS-1005", "policy": "yearly", "order": "FS-1005", "terms": {"seats": 3}}
    )

    reason: Reason
    policy: Annotated[str, _text(200)] = "standard"
    terms: TermsBody = TermsBody()
    expires: Moment | None = Field(
        default=None, description="its end; null for the one by its term, counted from now"
    )
    order: Annotated[_of_person("order"), Field(examples=["FS-1005"])] | None = None  # type: ignore[valid-type]
    buyer: BuyerBody = BuyerBody()


class RenewBody(AdminBody):
    """By how many days to renew; with neither given, by the license's own term."""

    model_config = _example({"reason": "order FS-1002", "days": 365, "from": "end-or-now"})

    reason: Reason
    days: Days | None = None
    maintenance_days: Days | None = None
    start: Annotated[
        Start,
        Field(
            alias="from",
            description="count from its end, from now, or from its end unless that is over",
        ),
    ] = Start.END_OR_NOW


class ChangeBody(AdminBody):
    """What shall hold for a license; what is not named stays as it is."""

    model_config = _example(
        {"reason": "order FS-1003", "terms": {"seats": 5}, "reset": ["edition"]}
    )

    reason: Reason
    policy: Annotated[str, _text(200)] | None = None
    terms: TermsBody = TermsBody()
    reset: Annotated[
        list[TermName],
        Field(description="terms whose value in the policy holds again", max_length=30),
    ] = []
    expires: Moment | None = Field(
        default=None, description="its own end; null for the one by its terms"
    )
    maintenance_until: Moment | None = None

    @model_validator(mode="after")
    def _says_something_once(self) -> Self:
        if not self.model_fields_set & {"policy", "terms", "reset", *_ENDS}:
            msg = "names nothing that shall hold"
            raise ValueError(msg)
        both = self.terms.model_fields_set & set(self.reset)
        if both:
            msg = f"{', '.join(sorted(both))}: set it, or reset it, not both"
            raise ValueError(msg)
        return self

    def ends(self) -> dict[str, datetime | None]:
        """Give the ends that were named."""
        return {name: getattr(self, name) for name in _ENDS if name in self.model_fields_set}


Code = Annotated[str, _text(64), Field(examples=["backup-pro"])]
Name = Annotated[str, _text(200)]


class ProductBody(AdminBody):
    """A product that is to be added."""

    model_config = _example({"code": "backup-pro", "name": "Backup Pro", "reason": "new product"})

    code: Annotated[Code, Field(description="what apps send as `product`; it stays")]
    name: Name
    algorithm: Annotated[Algorithm, Field(description="`alg` of its certificates; it stays")] = (
        Algorithm.EDDSA
    )
    reason: Reason


class ProductNameBody(AdminBody):
    """Another name for a product."""

    model_config = _example(
        {"product": "backup-pro", "name": "Backup Professional", "reason": "new name"}
    )

    product: Code
    name: Name
    reason: Reason


class PolicyBody(AdminBody):
    """A policy that is to be added, or terms of one that are to be others."""

    model_config = _example(
        {
            "product": "backup-pro",
            "name": "yearly",
            "terms": {"seats": 2, "term_days": 365},
            "reason": "the new price list",
        }
    )

    product: Code
    name: Name
    terms: TermsBody = TermsBody()
    reason: Reason


class ReleaseBody(AdminBody):
    """A version of a product, and the day it came out."""

    model_config = _example(
        {
            "product": "backup-pro",
            "version": "9.2",
            "released": "2026-10-02",
            "reason": "release of 9.2",
        }
    )

    product: Code
    version: Annotated[str, _text(64), AfterValidator(_version)]
    released: Annotated[date, BeforeValidator(_day), Field(description="the day it came out")]
    reason: Reason


class ReleaseNamedBody(AdminBody):
    """A version that is to be listed no more."""

    model_config = _example(
        {"product": "backup-pro", "version": "9.2", "reason": "it was withdrawn"}
    )

    product: Code
    version: Annotated[str, _text(64), AfterValidator(_version)]
    reason: Reason


REQUESTS: Final[tuple[type[AdminBody], ...]] = (
    ReasonBody,
    EmailBody,
    PersonBody,
    HoldBody,
    NoteBody,
    DeclarationBody,
    IssueBody,
    ConvertBody,
    RenewBody,
    ChangeBody,
    ProductBody,
    ProductNameBody,
    PolicyBody,
    ReleaseBody,
    ReleaseNamedBody,
)
BodyT = TypeVar("BodyT", bound=AdminBody)


def decode(model: type[BodyT], data: bytes) -> BodyT:
    """Read a body; raises RequestInvalidError with one entry per fault."""
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise RequestInvalidError(faults_of(error)) from None
