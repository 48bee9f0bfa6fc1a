"""The life of a signing key: prepared, signing, overlapping with its successor, over, retired."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from activation_server.rules.license import later

COVER_AHEAD_DAYS = 1  # how far beyond a certificate's end a key's `covers_until` is moved
FOREVER = datetime.max.replace(microsecond=0, tzinfo=UTC)  # the end of what never ends


class Algorithm(StrEnum):
    """The name of the signature algorithm in certificates."""

    EDDSA = "EdDSA"  # which most libraries know
    ED25519 = "Ed25519"  # RFC 9864's name for the same


class Standing(StrEnum):
    """What a key does now."""

    PREPARED = "prepared"  # published, so that apps can ship it; signs after the next rotation
    SIGNING = "signing"
    OVERLAPPING = "overlapping"  # signs no more; certificates signed with it may still be valid
    OVER = "over"  # the last of those certificates has ended
    RETIRED = "retired"
    COMPROMISED = "compromised"


PUBLISHED = frozenset({Standing.PREPARED, Standing.SIGNING, Standing.OVERLAPPING})


class Retirement(StrEnum):
    """Why a key was taken out of use for good."""

    OVER = "over"
    COMPROMISED = "compromised"


@dataclass(frozen=True, slots=True)
class KeyLife:
    """A signing key without its secret; `product` is `None` for the key of all products.

    Keys of one scope begin to sign in the order of their numbers.
    """

    number: int
    kid: str
    product: str | None
    created_at: datetime
    signs_since: datetime | None = None
    covers_until: datetime | None = None  # no certificate signed with it is valid longer
    retired_at: datetime | None = None
    retirement: Retirement | None = None
    reason: str | None = None


def prepared(keys: Sequence[KeyLife], product: str | None) -> KeyLife | None:
    """The key of a scope that waits to sign; there is at most one."""
    waiting = (key for key in _in_use(keys, product) if key.signs_since is None)
    return next(waiting, None)


def signing(keys: Sequence[KeyLife], product: str | None) -> KeyLife | None:
    """The key of a scope that signs: the newest that began to and is not retired."""
    began = (key for key in _in_use(keys, product) if key.signs_since is not None)
    return max(began, key=lambda key: key.number, default=None)


def standing(key: KeyLife, keys: Sequence[KeyLife], now: datetime) -> Standing:
    """What a key among all `keys` does now."""
    if key.retirement is not None:
        compromised = key.retirement is Retirement.COMPROMISED
        return Standing.COMPROMISED if compromised else Standing.RETIRED
    if key.signs_since is None:
        return Standing.PREPARED
    if key == signing(keys, key.product):
        return Standing.SIGNING
    covering = key.covers_until is not None and key.covers_until >= now
    return Standing.OVERLAPPING if covering else Standing.OVER


def published(keys: Sequence[KeyLife], now: datetime) -> Sequence[KeyLife]:
    """The keys that apps may need: those that sign or will, and those of valid certificates."""
    return [key for key in keys if standing(key, keys, now) in PUBLISHED]


def cover(key_covers_until: datetime | None, expires: datetime | None) -> datetime | None:
    """The new `covers_until` of a key that signs a certificate to `expires`, if it must move.

    It moves in steps, so that of all check-ins only the first of a day writes to the key.
    """
    ends = FOREVER if expires is None else expires
    if key_covers_until is not None and ends <= key_covers_until:
        return None
    return later(ends, COVER_AHEAD_DAYS)


def _in_use(keys: Sequence[KeyLife], product: str | None) -> Sequence[KeyLife]:
    return [key for key in keys if key.product == product and key.retired_at is None]
