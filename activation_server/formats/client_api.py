"""Bodies of the client protocol, version 1: what apps send, what they get."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_snake
from typing_extensions import TypedDict  # pydantic takes that of the library from Python 3.12 on

from activation_server import base64url

MAX_BODY = 16 * 1024  # bytes
MIN_NONCE, MAX_NONCE = 16, 64  # bytes
MAX_COMPONENTS = 20


class RequestInvalidError(Exception):
    """A body that is not what the protocol says; `errors` are JSON pointers with sentences."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("request body invalid")
        self.errors = errors


def _nonce(text: str) -> str:
    length = len(base64url.decode(text))
    if not MIN_NONCE <= length <= MAX_NONCE:
        msg = f"must hold {MIN_NONCE} to {MAX_NONCE} bytes, not {length}"
        raise ValueError(msg)
    return text


def _sorted(components: dict[str, str | None]) -> dict[str, str | None]:
    return dict(sorted(components.items()))


# The same in one expression, for the schema: 16 to 64 bytes, whose unused last bits are zero.
_FOUR, _REST = "[A-Za-z0-9_-]{4}", "([A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])"
_NONCE_PATTERN = (
    f"^(({_FOUR}){{5}}{_REST}|({_FOUR}){{6,20}}{_REST}?|({_FOUR}){{21}}([A-Za-z0-9_-][AQgw])?)$"
)

# Neither controls nor white space, spelt out: engines differ in what `\s` is.
_ADDRESS = r"[^@\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+"
_EMAIL_PATTERN = f"^({_ADDRESS}@{_ADDRESS})?$"

NO_NUL = r"^[^\x00]*$"  # PostgreSQL stores every character but this one


def _text(longest: int, shortest: int = 0) -> Any:  # noqa: ANN401 - pydantic's constraint object
    return StringConstraints(
        strip_whitespace=True, min_length=shortest or None, max_length=longest, pattern=NO_NUL
    )


Version = Annotated[str, _text(64, 1)]
Edition = Annotated[str, _text(64)]
Language = Annotated[str, _text(35)]
HardwareValue = Annotated[str, _text(256)]
Nonce = Annotated[
    str,
    AfterValidator(_nonce),
    Field(description="16 to 64 random bytes, base64url without padding; echoed in the answer"),
    WithJsonSchema({"type": "string", "pattern": _NONCE_PATTERN}),
]
CheckInToken = Annotated[
    str, _text(200, 1), Field(description="`check_in_token` of the last answer")
]
RequestId = Annotated[
    UUID, Field(description="made once by the app and repeated, with the same body, on a retry")
]


class Body(BaseModel):
    """A request body: frozen, strictly typed, unknown fields ignored, no value in its repr."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="ignore",
        hide_input_in_errors=True,
        regex_engine="rust-regex",
    )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__

    def canonical(self) -> bytes:
        """Give the bytes that are the same for the same body, however it was spelt.

        Fields come in the order of their declaration, and maps were sorted as they were read.
        """
        return self.__pydantic_serializer__.to_json(self)


class OsBody(Body):
    """The operating system."""

    family: Literal["windows", "macos", "linux", "other"]
    version: Version
    edition: Edition | None = None
    arch: Annotated[str, _text(32), Field(description="x86_64, arm64, …")] | None = None
    language: Language | None = None


class AppBody(Body):
    """The app, as it describes itself."""

    version: Version
    edition: Edition | None = None
    released: Annotated[date, Field(description="the day this version came out")] | None = None
    language: Language | None = None


class _Computer(Body):
    request_id: RequestId
    nonce: Nonce
    hardware_id: Annotated[
        str, _text(256, 8), Field(description="what tells this computer from every other")
    ]
    hardware: (
        Annotated[
            dict[Annotated[str, _text(64, 1)], HardwareValue | None],
            Field(max_length=MAX_COMPONENTS, description="component values, hashed by the app"),
            AfterValidator(_sorted),
        ]
        | None
    ) = None
    virtual_machine: (
        Annotated[bool, Field(description="whether the app found itself in a virtual machine")]
        | None
    ) = None
    os: OsBody
    app: AppBody
    name: Annotated[str, _text(200)] | None = None
    company: Annotated[str, _text(200)] | None = None
    email: (
        Annotated[
            str,
            StringConstraints(strip_whitespace=True, max_length=254, pattern=_EMAIL_PATTERN),
        ]
        | None
    ) = None
    comments: Annotated[str, _text(2000)] | None = None
    newsletter: Annotated[bool, Field(description="consent to the newsletter")] | None = None
    computer_name: Annotated[str, _text(255)] | None = None

    def components(self) -> dict[str, str]:
        """Give the component values that were sent."""
        return {name: value for name, value in (self.hardware or {}).items() if value is not None}


class ActivationRequest(_Computer):
    """Body of `POST /v1/activations`."""

    license_key: Annotated[str, _text(200, 1)]
    product: Annotated[str, _text(64, 1)]


class ReactivationRequest(_Computer):
    """Body of `POST /v1/activations/{activation_id}/reactivations`: the periodic check-in."""

    check_in_token: CheckInToken
    license_key: Annotated[str, _text(200, 1)] | None = None
    product: Annotated[str, _text(64, 1)] | None = None


class DeactivationRequest(Body):
    """Body of `POST /v1/activations/{activation_id}/deactivation`."""

    request_id: RequestId
    check_in_token: CheckInToken


class TrialRequest(_Computer):
    """Body of `POST /v1/trials`: no key is needed."""

    product: Annotated[str, _text(64, 1)]


class OfflineRequest(Body):
    """What an offline request's JSON has beside the fields of the call that it asks for."""

    purpose: Literal["activate", "reactivate", "deactivate", "trial"]
    activation_id: Annotated[str, _text(64)] | None = None

    def named_activation(self) -> str:
        """Give the activation's id, in the path online. Raises RequestInvalidError without one."""
        if self.activation_id is None:
            fault = {"pointer": "/activation_id", "message": f"Required to {self.purpose}"}
            raise RequestInvalidError([fault])
        return self.activation_id


BodyT = TypeVar("BodyT", bound=Body)


def decode(model: type[BodyT], data: bytes) -> BodyT:
    """Read a request body; raises RequestInvalidError with one entry per fault."""
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise RequestInvalidError(faults_of(error)) from None


def faults_of(error: ValidationError) -> list[dict[str, str]]:
    """Give each fault as a JSON pointer with a sentence, and without what was sent."""
    return [
        {"pointer": pointer(fault["loc"]), "message": fault["msg"].removeprefix("Value error, ")}
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def pointer(location: tuple[int | str, ...]) -> str:
    """Write a location as a JSON pointer (RFC 6901)."""
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in location)
    return "".join(f"/{part}" for part in parts if part != "[key]")


# Of whole seconds in UTC, which pydantic writes as RFC 3339 has them: `2026-11-22T10:00:00Z`.
Rfc3339 = Annotated[datetime, WithJsonSchema({"type": "string", "format": "date-time"})]


# Answers are dictionaries that mypy has checked: a model would be made and read once more for each.


class SeatsBody(TypedDict):
    """The seats of the license now."""

    limit: Annotated[int | None, Field(description="null when unlimited")]
    used: Annotated[int, Field(description="computers that hold one")]


class NoticeBody(TypedDict):
    """Something to show or to ignore."""

    code: str
    message: Annotated[str, Field(description="a sentence that can be shown to a person")]


Status = Literal["activated", "already_activated", "reactivated"]


class CertificateAnswer(TypedDict):
    """Answer to an activation and to a check-in."""

    status: Status
    activation_id: UUID
    certificate: Annotated[str, Field(description="compact JWS, type `activation+jwt`")]
    check_in_token: Annotated[
        str, Field(description="send it with the next check-in; keep it secret")
    ]
    check_in_after: Annotated[Rfc3339, Field(description="when to check in next")]
    certificate_expires: Annotated[
        Rfc3339 | None,
        Field(description="by when to have checked in; null when the license asks for no check-in"),
    ]
    seats: SeatsBody
    notices: list[NoticeBody]
    server_time: Rfc3339


class TrialAnswer(CertificateAnswer):
    """Answer to a request for a trial: that of an activation, and the trial's key."""

    license_key: Annotated[
        str, Field(description="for support, and to activate this computer again")
    ]


class DeactivationAnswer(TypedDict):
    """Answer to a deactivation."""

    status: Literal["deactivated"]
    seats: SeatsBody
    server_time: Rfc3339


class ProblemBody(BaseModel):
    """A refusal (RFC 9457, `application/problem+json`)."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="URL of a page that says what it means and what to do")
    title: str
    status: int
    detail: str = Field(description="a sentence that can be shown to a person")
    code: str
    server_time: Rfc3339
    evidence: dict[str, Any] | None = Field(default=None, description="facts to act on")
    retry_after: int | None = Field(default=None, description="seconds")
    incident: str | None = Field(default=None, description="finds the log line of a server fault")


REQUESTS: tuple[type[Body], ...] = (
    ActivationRequest,
    ReactivationRequest,
    DeactivationRequest,
    TrialRequest,
)
ANSWERS: tuple[type, ...] = (
    CertificateAnswer,
    TrialAnswer,
    DeactivationAnswer,
    ProblemBody,
)


def schema_name(model: type) -> str:
    """Give the file name of a body's schema: `activation_request`."""
    return to_snake(model.__name__)
