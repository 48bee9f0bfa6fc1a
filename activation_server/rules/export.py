"""Everything held on a person: what of a license is theirs to see, and until when it is kept."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from activation_server.rules import personal_data as kind
from activation_server.rules import retention
from activation_server.rules.calendar import add_months
from activation_server.rules.data_kind import DataKind
from activation_server.rules.person import Role
from activation_server.rules.retention import Action, Retention, Unit

Row = Mapping[str, Any]

NOT_READABLE: Final = "Stored in a form that nobody can read here."
DIGEST: Final = "A keyed digest: nothing can be read from it."
OF_OTHERS: Final = "Left out: it is, or may be, about somebody else."
# Kinds of which nothing is shown but what they are; of LAST_REQUEST the random ids are.
DIGESTS: Final = frozenset(
    each.name
    for each in (
        kind.KEY_DIGEST,
        kind.HARDWARE,
        kind.COMPUTER,
        kind.INDEX,
        kind.TOLD,
        kind.SUPERSEDED,
        kind.CONSENT_ADDRESS,
    )
)
_OF_THE_BUYER: Final = frozenset(
    each.name for each in (kind.ORDER, kind.KEY_TAIL, kind.SEALED_KEY, kind.KEY_DIGEST)
)
# A refusal does not tell which computer it was about, nor do words tell whom.
_OF_ANYBODY: Final = frozenset(
    each.name for each in (kind.EVIDENCE, kind.WORDS, kind.SEALED_REASON)
)
# Which column starts the clock, where a row tells.
_CLOCKS: Final = {
    retention.COMMENTS.name: "commented_at",
    retention.LAST_REQUEST.name: "answered_at",
    retention.SEAT.name: "removed_at",
    retention.TRIAL.name: "trial_at",
    retention.HISTORY.name: "at",
    retention.REFUSALS.name: "at",
    retention.AUDIT.name: "at",
}

# Tables about people that an export does not read, each with the reason.
EXEMPT: Final[Mapping[str, str]] = {
    "license_keys": "It leads from a digest of the license key to the license; both the key and "
    "the license are exported.",
    "legal_holds": "A hold may have to be kept secret; tell of it by hand, see `hold list`.",
    "api_tokens": "The vendor's own tools, and which operator let them in; of no customer.",
    "tool_answers": "For a day what a tool was told of a license, sealed; the license is exported.",
    "newsletter_suppressions": "A keyed digest of an address that gets no newsletter; `newsletter "
    "status` tells whether this one does.",
    **dict.fromkeys(
        (
            "staff",
            "staff_identities",
            "staff_passkeys",
            "staff_recovery_codes",
            "staff_searches",
            "staff_sessions",
        ),
        "It is about the vendor's own staff, not about a customer; `staff list` and `staff "
        "sessions` tell of them.",
    ),
}


@dataclass(frozen=True, slots=True)
class Value:
    """One stored value, or why it is not shown."""

    column: str
    kind: DataKind
    value: Any = field(default=None, repr=False)
    note: str | None = None  # why there is no value although one is stored
    until: date | None = None  # as far as it is known today

    def is_stored(self) -> bool:
        """Whether there is anything."""
        return self.value is not None or self.note is not None


@dataclass(frozen=True, slots=True)
class HeldTable:
    """What a table holds on a person."""

    name: str
    about: str
    rows: Sequence[Sequence[Value]]


@dataclass(frozen=True, slots=True)
class HeldLicense:
    """What is held on a person with one license."""

    license_id: UUID
    roles: Sequence[Role]
    shared: bool  # others are known on it: of them nothing is here
    tables: Sequence[HeldTable]


@dataclass(frozen=True, slots=True)
class Export:
    """Everything held on the person of an e-mail address."""

    email: str = field(repr=False)
    issuer: str
    at: datetime
    licenses: Sequence[HeldLicense] = ()

    def values(self) -> Iterable[Value]:
        """Give each value that is stored, whether it is shown or not."""
        for license_ in self.licenses:
            for table in license_.tables:
                for row in table.rows:
                    yield from (each for each in row if each.is_stored())

    def kinds(self) -> Sequence[DataKind]:
        """Give each kind of data that is held, in the order it comes."""
        kinds = (value.kind for value in self.values())
        return list({(kind.name, kind.retention.name): kind for kind in kinds}.values())


@dataclass(frozen=True, slots=True)
class UsedComputer:
    """A computer of a license, and who is known to use it."""

    activation_id: UUID
    hardware_token: bytes = field(repr=False)
    person_id: UUID | None
    is_erased: bool  # whoever used it was erased
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Share:
    """What of a license is a person's."""

    license_id: UUID
    product: str
    person_ids: AbstractSet[UUID]
    buys: bool
    computers: Sequence[UsedComputer]
    whole: bool  # nobody else is known on the license

    def has_license(self) -> bool:
        """Whether the license itself is theirs: its key, its order, its whole history."""
        return self.buys or self.whole

    def activation_ids(self) -> AbstractSet[UUID]:
        """Give the ids of their computers' seats."""
        return {each.activation_id for each in self.computers}

    def ids(self) -> AbstractSet[UUID]:
        """Give all ids that lead to them."""
        return {self.license_id, *self.person_ids, *self.activation_ids()}


def share(
    license_id: UUID,
    product: str,
    person_ids: AbstractSet[UUID],
    everybody: Mapping[UUID, Role],
    computers: Sequence[UsedComputer],
) -> Share:
    """Tell what of a license is a person's; who bought it has the computers of nobody, too.

    A computer whose user was erased is nobody's to see: it was somebody else's.
    """
    buys = any(everybody[each] is Role.BUYER for each in person_ids)
    theirs = [
        each
        for each in computers
        if each.person_id in person_ids or (buys and each.person_id is None and not each.is_erased)
    ]
    whole = everybody.keys() <= person_ids and len(theirs) == len(computers)
    return Share(license_id, product, person_ids, buys, theirs, whole)


def may_see(mine: Share, row: Row, own_ids: AbstractSet[UUID]) -> bool:
    """Whether a row of a license's history, or the like, is theirs: by the ids that it names.

    What names others is not. What names nobody is the license's, so the buyer's.
    """
    if mine.whole:
        return True
    named = {each for value in row.values() for each in _named(value)}
    named |= {value for name, value in row.items() if isinstance(value, UUID) and _points(name)}
    if not named <= own_ids:
        return False
    return mine.buys or not named.isdisjoint(mine.activation_ids())


def is_of_others(
    mine: Share, column: str, holds: DataKind, value: object, own: AbstractSet[UUID]
) -> bool:
    """Whether a value must not be shown although its row is."""
    if holds.name in _OF_THE_BUYER and not mine.has_license():
        return True
    if holds.name in _OF_ANYBODY and not mine.whole:
        return True
    if holds.name == kind.OPERATOR.name:
        return True
    return _points(column) and isinstance(value, UUID) and value not in own


def _points(column: str) -> bool:
    """Whether a column names a license, a computer or a person."""
    return column.endswith(("license_id", "activation_id", "person_id"))


def unreadable(holds: DataKind, value: object) -> str | None:
    """Say what a stored value is that can't be shown; `None` when it can."""
    if holds.name in DIGESTS or (holds.name == kind.LAST_REQUEST.name and isinstance(value, bytes)):
        return DIGEST
    return NOT_READABLE if isinstance(value, bytes) else None


def until(kept: Retention, row: Row, contact: datetime) -> date | None:
    """Give until when something is kept, where its clock was started; `contact` is the last one."""
    clock = contact if kept is retention.CONTACT else row.get(_CLOCKS.get(kept.name, ""))
    if kept.lifetime is None or not isinstance(clock, datetime):
        return None
    start = clock.astimezone(UTC)
    if kept.action is Action.DROP_PARTITION:  # by whole months
        start = add_months(start.replace(day=1), 1) or start
    if kept.lifetime.unit is Unit.DAYS:
        return (start + timedelta(days=kept.lifetime.count)).date()
    end = add_months(start, kept.lifetime.count)
    return end and end.date()


def _named(value: object) -> Iterable[UUID]:
    """Give the ids that a JSON value names, anywhere in it."""
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    if isinstance(value, str):
        yield from _ids_in(value)
    if isinstance(value, list):
        for each in value:
            yield from _named(each) if isinstance(each, (Mapping, list)) else _ids_in(each)


def _ids_in(text: object) -> Iterable[UUID]:
    for word in str(text).split() if isinstance(text, str) else ():
        try:
            yield UUID(word.strip("\"'.,;:()[]{}<>"))
        except ValueError:
            continue
