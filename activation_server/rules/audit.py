"""Who looked: entries of the audit log, and the chain that shows whether one was touched.

Each entry holds the digest of the one before and its own, which covers both. Numbers go up by one,
times never run back: so a log can lose its oldest months, and the rest still fits together.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

_FORM: Final = "audit entry 1"  # what is digested, and how; another form gets another name


class Action(StrEnum):
    """What an operator, or the server by itself, did."""

    LOOKED_UP = "looked_up"
    SHOWN = "shown"
    LISTED = "listed"
    REVEALED = "revealed"
    EXPORTED = "exported"
    ERASED = "erased"
    PERSON_CORRECTED = "person_corrected"
    HOLD_PLACED = "hold_placed"
    HOLD_LIFTED = "hold_lifted"
    ISSUED = "issued"
    IMPORTED = "imported"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    REVOKED = "revoked"
    RENEWED = "renewed"
    TERMS_CHANGED = "terms_changed"
    TRIAL_CONVERTED = "trial_converted"
    TRANSFER_ALLOWED = "transfer_allowed"
    TRANSFER_WITHDRAWN = "transfer_withdrawn"
    LICENSE_KEY_REPLACED = "license_key_replaced"
    ACTIVATION_REMOVED = "activation_removed"
    BRANCH_DECLARED = "branch_declared"
    OFFLINE_FILE_TAKEN = "offline_file_taken"
    PRODUCT_ADDED = "product_added"
    PRODUCT_RENAMED = "product_renamed"
    POLICY_ADDED = "policy_added"
    POLICY_SET = "policy_set"
    RELEASE_ADDED = "release_added"
    RELEASE_REMOVED = "release_removed"
    KEY_PREPARED = "key_prepared"
    KEY_ROTATED = "key_rotated"
    KEY_RETIRED = "key_retired"
    MASTER_KEY_ROTATED = "master_key_rotated"
    LEDGER_REPLAYED = "ledger_replayed"
    RETENTION_RUN = "retention_run"
    RETENTION_SET = "retention_set"
    ARCHIVED = "archived"
    NEWSLETTER_CONFIRMED = "newsletter_confirmed"
    NEWSLETTER_WITHDRAWN = "newsletter_withdrawn"
    WISH_NOTED = "wish_noted"
    NOTED = "noted"
    TOKEN_ISSUED = "token_issued"  # noqa: S105 - a word
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - a word
    STAFF_ADDED = "staff_added"
    STAFF_ROLE_SET = "staff_role_set"
    STAFF_DISABLED = "staff_disabled"
    STAFF_ENABLED = "staff_enabled"
    STAFF_LINK_MADE = "staff_link_made"
    STAFF_SET_UP = "staff_set_up"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a word
    AUTHENTICATOR_CHANGED = "authenticator_changed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    SSO_EXPECTED = "sso_expected"
    SSO_LINKED = "sso_linked"
    SSO_UNLINKED = "sso_unlinked"
    SEARCH_SAVED = "search_saved"
    SEARCH_DELETED = "search_deleted"
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    STEPPED_UP = "stepped_up"
    SIGNED_OUT = "signed_out"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log, with nothing personal but who acted; why is sealed."""

    seq: int
    at: datetime
    who: str
    action: Action | str  # a text that is none of them: somebody wrote into the database
    license_id: UUID | None = None
    subject: str | None = None  # a policy's name, a key's id …
    details: Mapping[str, object] = field(default_factory=dict)  # as JSON has them
    why_sealed: bytes | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands in the log."""

    at: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for; what is not said does not matter."""

    license_ids: Collection[UUID] | None = None
    who: str | None = None
    action: Action | None = None
    since: datetime | None = None
    until: datetime | None = None  # before then
    limit: int = 100
    before: Place | None = None  # older than the entry there


@dataclass(frozen=True, slots=True)
class Link:
    """How far the chain is: its last entry's number, time and digest."""

    seq: int
    at: datetime | None
    digest: bytes


START: Final = Link(0, None, bytes(32))


@dataclass(frozen=True, slots=True)
class Chained:
    """An entry at its place in the chain."""

    entry: Entry
    previous: bytes
    digest: bytes

    def link(self) -> Link:
        """Give what the next entry follows."""
        return Link(self.entry.seq, self.entry.at, self.digest)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the server signs: that the chain came to this link.

    `forgotten`: retention has disposed of the entries up to it; the log begins after it.
    """

    link: Link
    made_at: datetime
    forgotten: bool = False


class Fault(StrEnum):
    """What is wrong where a chain breaks."""

    CHANGED = "entry changed"
    MISSING = "entry missing"
    ORDER = "order"  # it does not follow the entry before: one was put in, moved or written anew
    HEAD = "head does not fit"  # the last entry is not the one that the log was left with
    CHECKPOINT = "checkpoint does not fit"


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where the chain does not hold; `at` is the time of what stands there."""

    seq: int
    at: datetime | None
    what: Fault


def canonical(entry: Entry) -> bytes:
    """Give the bytes of an entry that its digest covers: the same for the same entry."""
    values = (
        _FORM,
        entry.seq,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.who,
        entry.action,
        None if entry.license_id is None else str(entry.license_id),
        entry.subject,
        entry.details,
        None if entry.why_sealed is None else entry.why_sealed.hex(),
    )
    return json.dumps(values, separators=(",", ":"), sort_keys=True).encode()


def digest(previous: bytes, entry: Entry) -> bytes:
    """Digest an entry and, through the digest before, all that came before it."""
    return hashlib.sha256(previous + canonical(entry)).digest()


def chained(head: Link, entry: Entry) -> Chained:
    """Put an entry at the end of the chain."""
    return Chained(entry, head.digest, digest(head.digest, entry))


def moment(head: Link, now: datetime) -> datetime:
    """Give the time of the next entry, which never runs back, whatever a machine's clock says."""
    return now if head.at is None else max(now, head.at)


class Walk:
    """Goes through a chain entry by entry, and tells where it first breaks.

    `marks` are the digests that checkpoints have for an entry; none for a checkpoint that this
    server did not sign.
    """

    def __init__(self, start: Link, marks: Mapping[int, Collection[bytes | None]]) -> None:
        self.last, self._marks = start, marks
        self.entries, self.first = 0, START

    def begin(self) -> Break | None:
        """Tell whether other checkpoints agree with the one that the log begins after."""
        return self._against_marks(self.last)

    def take(self, found: Chained) -> Break | None:
        """Go one entry on; tell what is wrong with it."""
        entry, before = found.entry, self.last
        if entry.seq > before.seq + 1:
            return Break(before.seq + 1, entry.at, Fault.MISSING)
        out_of_time = before.at is not None and entry.at < before.at
        if entry.seq <= before.seq or found.previous != before.digest or out_of_time:
            return Break(entry.seq, entry.at, Fault.ORDER)
        if found.digest != digest(found.previous, entry):
            return Break(entry.seq, entry.at, Fault.CHANGED)
        self.last, self.entries = found.link(), self.entries + 1
        self.first = self.first if self.entries > 1 else self.last
        return self._against_marks(self.last)

    def finish(self, head: Link | None) -> Break | None:
        """Tell whether the log ends where it was left, and no checkpoint knows of more."""
        last = self.last
        if head is not None and head.seq > last.seq:
            return Break(last.seq + 1, head.at, Fault.MISSING)
        if head is None or (head.seq, head.digest) != (last.seq, last.digest):
            return Break(last.seq, last.at, Fault.HEAD)
        beyond = [seq for seq in self._marks if seq > last.seq]
        return Break(min(beyond), last.at, Fault.CHECKPOINT) if beyond else None

    def _against_marks(self, link: Link) -> Break | None:
        fits = all(mark == link.digest for mark in self._marks.get(link.seq, ()))
        return None if fits else Break(link.seq, link.at, Fault.CHECKPOINT)
