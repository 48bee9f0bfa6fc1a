"""How routes of the admin API are described, all alike."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from activation_server.formats import problem
from activation_server.formats.admin_requests.base import AdminBody
from activation_server.web.admin.bodies import takes

PREFIX: Final = "/admin/v1"
_TITLES: Final = {
    400: "No Idempotency-Key",
    401: "No token, or one that is not taken",
    403: "The token's scopes don't allow it",
    404: "There is no such thing",
    405: "The address takes other methods",
    409: "As things stand, it can't be done",
    410: "The seat was given back or taken away",
    412: "It was changed meanwhile",
    413: "The body is too long",
    415: "The body is of another media type",
    422: "A parameter or the body is invalid",
    428: "No If-Match",
    429: "Too many calls",
    500: "A fault of the server",
    503: "Come back later",
}
_READING: Final = (401, 403, 404, 405, 422, 429, 500, 503)
_WRITING: Final = (400, 409, 412, 413, 415, 428)
_BY_BODY: Final = (413, 415)
IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "a new one for each request, repeated on a retry: then it is done once, and "
    "answered alike for 24 hours",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "example": "4d8f8c6a-6d0b-4b0e-a8d3-52b5e3ad6f0e",
}
_SEEN: Final[Mapping[str, str]] = {
    "license": "the license's `ETag` as it was read",
    "activation": "the activation's `version` as it was read, in quotation marks",
    "person": "the person's `version` as it was read, in quotation marks",
    "policy": "the policy's `version` as it was read, in quotation marks",
    "account": "the account's `version` as it was read, in quotation marks",
    "lifetime": "the class's `version` as it was read, in quotation marks",
}
Seen = Literal["license", "activation", "person", "policy", "account", "lifetime"]
Described = dict[int | str, dict[str, Any]]


def reading(model: type, *, headers: dict[str, str] | None = None) -> Described:
    """Describe the answers of a route that reads."""
    return {200: {"model": model, "headers": _headers(headers)}, **_refusals(_READING)}


def reading_by_body(model: type) -> Described:
    """Describe the answers of a route that reads what its body says."""
    return {200: {"model": model}, **_refusals((*_READING, *_BY_BODY))}


def writing(
    model: type,
    status: int = 200,
    *,
    headers: dict[str, str] | None = None,
    also: tuple[int, ...] = (),
) -> Described:
    """Describe the answers of a route that writes; `also`: refusals that others don't have."""
    answers: Described = {status: {"model": model, "headers": _headers(headers)}}
    if status != 200:
        answers[200] = {"model": model, "description": "What would be, in a dry run"}
    return answers | _refusals((*_READING, *_WRITING, *also))


def reading_file(text: str, media_type: str) -> Described:
    """Describe the answers of a route that gives a file."""
    return {200: _file(text, media_type), **_refusals(_READING)}


def reading_file_by_body(text: str, media_type: str) -> Described:
    """Describe the answers of a route that gives the file that its body asks for."""
    return {200: _file(text, media_type), **_refusals((*_READING, *_BY_BODY))}


def writing_file(text: str, media_type: str) -> Described:
    """Describe the answers of a route that writes, and gives a file."""
    return {200: _file(text, media_type), **_refusals((*_READING, *_WRITING))}


def _file(text: str, media_type: str) -> dict[str, Any]:
    return {"description": text, "content": {media_type: {"schema": {"type": "string"}}}}


def takes_once(model: type[AdminBody], *, as_seen: Seen | None = None) -> dict[str, Any]:
    """Document the body of a change, and the headers that it takes; `as_seen`: what it changes."""
    headers = [IDEMPOTENCY_KEY, *([_if_match(as_seen)] if as_seen else [])]
    return {**takes(model), "parameters": headers}


def _if_match(what: Seen) -> dict[str, Any]:
    return {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": f"{_SEEN[what]}; `*` for whichever it is",
        "schema": {"type": "string", "pattern": '^(\\*|"[!#-~]*"(, ?"[!#-~]*")*)$'},
        "example": "*",
    }


def _headers(described: dict[str, str] | None) -> dict[str, Any]:
    return {
        name: {"description": text, "schema": {"type": "string"}}
        for name, text in (described or {}).items()
    }


def _refusals(statuses: tuple[int, ...]) -> Described:
    schema = {"schema": {"$ref": "#/components/schemas/ProblemBody"}}
    return {
        status: {"description": _TITLES[status], "content": {problem.CONTENT_TYPE: schema}}
        for status in sorted(statuses)
    }
