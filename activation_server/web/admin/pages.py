"""Lists in pages: how long one is, where the next begins."""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Query
from starlette.requests import Request

from activation_server.web.admin.answers import invalid

MOST: Final = 200

Limit = Annotated[int, Query(ge=1, le=MOST, description="entries of a page at most")]
Cursor = Annotated[
    str | None,
    Query(
        max_length=500,
        description="`next` of the page before; the other parameters stay the same",
    ),
]
NO_CURSOR: Final = invalid("/query/cursor", "this is no `next` of a page of this list")


def link_to_next(request: Request, cursor: str | None) -> Mapping[str, str]:
    """Give the header that leads to the next page (RFC 8288)."""
    if cursor is None:
        return {}
    parameters = {**request.query_params, "cursor": cursor}
    return {"Link": f'<{request.url.path}?{urlencode(parameters)}>; rel="next"'}
