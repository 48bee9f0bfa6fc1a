"""What staff search for, sealed: so it may stand in an address, where nobody else can read it.

A browser keeps the addresses of pages, and proxies write them into logs. What is sealed opens in
the session that it was sealed in, and nowhere else.
"""

from uuid import UUID

from activation_server import base64url
from activation_server.crypto.sealed import Place, SealBrokenError
from activation_server.services.context import Context


def sealed(context: Context, session_id: UUID, text: str) -> str:
    """Seal a text for a session's addresses."""
    return base64url.encode(context.keyring.searches.seal(text.encode(), _place(session_id)))


def opened(context: Context, session_id: UUID, address: str) -> str:
    """Give the text; an empty one where it is none that was sealed in this session."""
    try:
        return context.keyring.searches.open(base64url.decode(address), _place(session_id)).decode()
    except (ValueError, SealBrokenError):
        return ""


def _place(session_id: UUID) -> Place:
    return Place("addresses", "search", str(session_id))
