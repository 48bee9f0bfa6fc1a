"""The console's own style sheet and the like, read once, and named by their contents."""

import hashlib
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from activation_server.web.console import paths

_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_HEADERS: Final = {
    "Cache-Control": "public, max-age=86400",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is sent."""

    contents: bytes = field(repr=False)
    media_type: str
    version: str


def _read() -> dict[str, StaticFile]:
    found = {}
    for file in (files(__package__) / "static").iterdir():
        kind = _TYPES.get(file.name.rpartition(".")[2])
        if kind is not None:
            contents = file.read_bytes()
            version = hashlib.sha256(contents).hexdigest()[:12]
            found[file.name] = StaticFile(contents, kind, version)
    return found


_FILES: Final = _read()


def address(name: str) -> str:
    """Give where a file is served: another version has another address, so none is stale."""
    return paths.STATIC.format(name=name) + f"?v={_FILES[name].version}"


router = APIRouter(include_in_schema=False)


@router.get(paths.STATIC)
async def static(name: str) -> Response:
    """Give a file."""
    file = _FILES.get(name)
    if file is None:
        raise HTTPException(404)
    return Response(file.contents, 200, _HEADERS, file.media_type)
