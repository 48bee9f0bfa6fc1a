"""Where the next page of a list begins, as text that nobody needs to understand."""

import json

from activation_server import base64url


def write(*place: str) -> str:
    """Write a place in a list."""
    return base64url.encode(json.dumps(place).encode())


def read(text: str, parts: int) -> list[str]:
    """Read a place of so many parts; raises ValueError for what is none."""
    place = json.loads(base64url.decode(text))
    fits = isinstance(place, list) and len(place) == parts
    if not fits or not all(isinstance(part, str) for part in place):
        msg = "no place in this list"
        raise ValueError(msg)
    return [*place]
