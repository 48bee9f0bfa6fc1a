"""What operators write in free words, sealed: the one place that does it."""

from activation_server.crypto.sealed import Place, SealBrokenError
from activation_server.services.context import Context


def seal_note(context: Context, text: str, place: Place) -> bytes:
    """Seal a note for the place it is kept in."""
    return context.keyring.notes.seal(text.encode(), place)


def open_note(context: Context, sealed: bytes, place: Place) -> str | None:
    """Open a note; none where its key is gone, or it stands in another's place."""
    try:
        return context.keyring.notes.open(sealed, place).decode()
    except SealBrokenError:
        return None
