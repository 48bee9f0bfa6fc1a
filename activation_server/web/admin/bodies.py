"""Bodies of the admin API's calls: read up to their limit, and only of the type that one takes."""

from typing import Any, Final

from starlette.requests import Request

from activation_server.formats.admin_problem import AdminCode
from activation_server.formats.admin_requests.base import AdminBody, BodyT, decode
from activation_server.web.admin.answers import JSON, AdminRefusal
from activation_server.web.requests import content_type, read_limited

MAX_BODY: Final = 64 * 1024  # bytes


async def read_body(request: Request) -> bytes:
    """Read a JSON body. Raises AdminRefusal or TooLargeError."""
    require_type(request, JSON)
    return await read_limited(request.scope, request.receive, MAX_BODY)


async def taken(request: Request, model: type[BodyT]) -> BodyT:
    """Read a JSON body as what it is to be. Raises AdminRefusal and what `decode` raises."""
    return decode(model, await read_body(request))


def require_type(request: Request, *wanted: str) -> str:
    """Give a body's media type, which must be one of these, in UTF-8. Raises AdminRefusal."""
    kind, charset = content_type(request.headers.get("content-type", "").encode("latin-1"))
    if kind not in wanted or charset.lower() not in {"utf-8", "utf8"}:
        told = " or ".join(wanted)
        raise AdminRefusal(AdminCode.MEDIA_TYPE_UNSUPPORTED, {"wanted": f"{told}, in UTF-8"})
    return kind


def takes(model: type[AdminBody]) -> dict[str, Any]:
    """Document a body that a route reads by itself."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}
