"""Refusals of the admin API as problem details (RFC 9457), with their HTTP status codes.

What it shares with the client protocol (too large, too many, invalid, overloaded, a fault) has the
same codes there and here.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from activation_server.formats import problem
from activation_server.formats.client_api import ProblemBody
from activation_server.formats.problem import Text, slug
from activation_server.rules.reasons import Reason


class AdminCode(StrEnum):
    """Why a call of the admin API is refused, beside what both APIs refuse."""

    TOKEN_REQUIRED = "TOKEN_REQUIRED"  # noqa: S105 - a word
    TOKEN_INVALID = "TOKEN_INVALID"  # noqa: S105 - a word
    SCOPE_INSUFFICIENT = "SCOPE_INSUFFICIENT"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    MEDIA_TYPE_UNSUPPORTED = "MEDIA_TYPE_UNSUPPORTED"
    REFUSED = "REFUSED"
    CHANGED_MEANWHILE = "CHANGED_MEANWHILE"
    IF_MATCH_REQUIRED = "IF_MATCH_REQUIRED"
    IDEMPOTENCY_KEY_REQUIRED = "IDEMPOTENCY_KEY_REQUIRED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


_SAME_AGAIN: Final = "Send the very same request again, with the same `Idempotency-Key`."
_NO_RETRY: Final = "Do not repeat it as it is."

TEXTS: Final[Mapping[AdminCode, Text]] = {
    AdminCode.TOKEN_REQUIRED: Text(
        401,
        "An API token is needed",
        "Send an API token: `Authorization: Bearer act_…`.",
        "The admin API takes calls with a token of the vendor's own tools alone.",
        "Have an operator make a token: `activation-server token issue`.",
        "Send the header `Authorization` with each call (RFC 6750, section 2.1).",
    ),
    AdminCode.TOKEN_INVALID: Text(
        401,
        "The API token is not taken",
        "This API token is not known here.",
        "The token is mistyped, unknown, over or revoked; `detail` says which.",
        "Have an operator make another token: `activation-server token issue`.",
        "Ask for another token; the same one is refused again.",
    ),
    AdminCode.SCOPE_INSUFFICIENT: Text(
        403,
        "The API token may not do that",
        "This call needs the scope {scope}, which the token does not have.",
        "A token may do what its scopes say, and no more.",
        "Have an operator make a token with this scope, if the tool is to have it.",
        _NO_RETRY,
    ),
    AdminCode.NOT_FOUND: Text(
        404,
        "There is no such thing",
        "There is no such call; see /admin/v1/openapi.json.",
        "The address, or an id or a name in the request, leads to nothing.",
        "Check the id or the name.",
        _NO_RETRY,
    ),
    AdminCode.METHOD_NOT_ALLOWED: Text(
        405,
        "The method is not allowed",
        "This address takes other methods: see the header Allow.",
        "There is such an address, but not with this method.",
        "Tell the tool's maker.",
        "`Allow` names the methods.",
    ),
    AdminCode.MEDIA_TYPE_UNSUPPORTED: Text(
        415,
        "The media type is not taken",
        "This call takes {wanted}.",
        "The body's `Content-Type` is not one that the call takes.",
        "Tell the tool's maker.",
        "Send the body as `detail` says, in UTF-8.",
    ),
    AdminCode.REFUSED: Text(
        409,
        "It can't be done",
        "As things stand, this can't be done.",
        "The request is right, but what it is about does not allow it; `detail` says why.",
        "Read `detail`: it says what to do first.",
        _NO_RETRY,
    ),
    AdminCode.CHANGED_MEANWHILE: Text(
        412,
        "It was changed meanwhile",
        "Somebody changed it since you read it; read it again.",
        "`If-Match` is not the version that there is now: nothing was changed.",
        "Look at it again, and decide anew.",
        "Read it again, and send the change with its new version, if it is still right.",
    ),
    AdminCode.IF_MATCH_REQUIRED: Text(
        428,
        "Say which version is to be changed",
        "Send the version that you read in the header If-Match: no change of others gets lost.",
        "It is changed only as it was read: two tools don't undo each other unseen.",
        "Tell the tool's maker.",
        "Send in `If-Match` the `ETag` of a license as it was read, or in quotation marks the "
        "`version` of an activation (RFC 9110, section 13.1.1).",
    ),
    AdminCode.IDEMPOTENCY_KEY_REQUIRED: Text(
        400,
        "An idempotency key is needed",
        "Send the header Idempotency-Key with 1 to 255 visible ASCII characters.",
        "Each change carries a key, so that a retry does nothing twice.",
        "Tell the tool's maker.",
        "Make a new random key, a UUID for example, for each request, and repeat it on a retry.",
    ),
    AdminCode.IDEMPOTENCY_KEY_REUSED: Text(
        422,
        "The idempotency key was used before",
        "This Idempotency-Key came before with another request.",
        "A key names one request, for 24 hours.",
        "Tell the tool's maker.",
        "Make a new key for every new request, and repeat it only with the same request.",
    ),
}
PAGES: Final[Mapping[str, Text]] = {code.value: text for code, text in TEXTS.items()}

# What both APIs refuse, in words for the vendor's own tools.
_DETAILS: Final[Mapping[Reason, str]] = {
    Reason.RATE_LIMITED: "Too many calls with this token. Go on when Retry-After is over.",
    Reason.REQUEST_INVALID: "The request has faults, which evidence.errors names.",
    Reason.REQUEST_TOO_LARGE: "The request's body is longer than this call takes.",
    Reason.OVERLOADED: "The server can't answer right now. Go on when Retry-After is over.",
}


def write(
    issuer: str,
    code: AdminCode | Reason,
    server_time: datetime,
    evidence: Mapping[str, object],
    detail: str | None = None,
    retry_after: int | None = None,
) -> ProblemBody:
    """Write a refusal as the error body; `detail` in place of the code's own sentence."""
    text = TEXTS[code] if isinstance(code, AdminCode) else problem.TEXTS[code]
    own = text.detail if isinstance(code, AdminCode) else _DETAILS.get(code, text.detail)
    return ProblemBody(
        type=f"{issuer}/problems/{slug(code)}",
        title=text.title,
        status=text.status,
        detail=detail or own.format_map(evidence),
        code=code,
        server_time=server_time,
        evidence=dict(evidence) or None,
        retry_after=retry_after,
    )
