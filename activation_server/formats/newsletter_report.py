"""What holds for an address of the newsletter, and the evidence for it (JSON)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from activation_server.formats.times import rfc3339
from activation_server.rules.consent import Consent

Json = dict[str, Any]
_EVIDENCE: Final = (
    *("wording", "app_version", "channel", "asked_at", "confirmed_at", "confirmed_by"),
)
COLUMNS: Final = ("email", *_EVIDENCE)


def status(
    consents: Iterable[tuple[UUID, Consent]], suppressed_since: datetime | None, *, gets: bool
) -> Json:
    """Write what holds for an address, with its consents, each by its license."""
    return {
        "gets_newsletter": gets,
        "suppressed_since": _time(suppressed_since),
        "consents": [
            {"license_id": str(license_id), **consent(each)} for license_id, each in consents
        ],
    }


def consent(given: Consent) -> Json:
    """Write a consent with its evidence; not the address."""
    return {
        "state": given.state.value,
        "wording": given.wording,
        "app_version": given.app_version,
        "channel": given.channel.value,
        "confirmed_by": given.confirmed_by and given.confirmed_by.value,
        "withdrawn_by": given.withdrawn_by and given.withdrawn_by.value,
        "asked_at": _time(given.asked_at),
        "confirmed_at": _time(given.confirmed_at),
        "withdrawn_at": _time(given.withdrawn_at),
    }


def recipient(email: str, given: Consent) -> tuple[object, ...]:
    """Give the cells of an address that gets it, with the evidence: as `COLUMNS` name them."""
    document = consent(given)
    return (email, *(document[name] for name in _EVIDENCE))


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
