"""The model's signing keys, written from docs/signing-keys.md."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

DAY = timedelta(days=1)
NEVER = datetime(9999, 12, 30, tzinfo=UTC)  # a day before the calendar's end


@dataclass
class Key:
    """A signing key, and the end of the last certificate that it signed."""

    kid: str
    product: str | None
    began: bool
    retired: bool = False
    compromised: bool = False
    last_end: datetime | None = None

    def has_signed(self, end: datetime | None) -> None:
        end = NEVER if end is None else end
        self.last_end = end if self.last_end is None else max(self.last_end, end)


@dataclass
class Keys:
    """All signing keys, in the order in which they were made."""

    all: list[Key] = field(default_factory=list)

    def by_kid(self, kid: str) -> Key:
        return next(key for key in self.all if key.kid == kid)

    def add(self, kid: str, product: str | None, *, began: bool) -> None:
        self.all.append(Key(kid, product, began))

    def waiting(self, product: str | None) -> Key | None:
        """The prepared key of a scope."""
        for key in self.all:
            if key.product == product and not key.began and not key.retired:
                return key
        return None

    def signing_in(self, product: str | None) -> Key | None:
        """The key of a scope that signs: the newest."""
        found = None
        for key in self.all:
            if key.product == product and key.began and not key.retired:
                found = key
        return found

    def signing(self, product: str) -> Key:
        """The key that signs for a product: its own, or else the common one."""
        key = self.signing_in(product) or self.signing_in(None)
        assert key is not None
        return key

    def is_needed(self, key: Key, now: datetime) -> bool:
        """Whether apps must find a key published now."""
        waits_or_signs = not key.began or key is self.signing_in(key.product)
        valid = key.last_end is not None and key.last_end >= now
        return not key.retired and (waits_or_signs or valid)

    def may_be_published(self, key: Key, now: datetime) -> bool:
        """Whether a key is needed, or was at most a day ago: what the server rounds up by."""
        recent = key.last_end is not None and key.last_end + DAY >= now
        return self.is_needed(key, now) or (recent and not key.retired)
