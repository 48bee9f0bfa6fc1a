"""Licenses, as operators issue, show and change them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from activation_server.crypto.keyring import license_key_place
from activation_server.formats import license_key
from activation_server.rules import license_change, license_version
from activation_server.rules.audit import Action
from activation_server.rules.errors import NotFoundError, OperatorError
from activation_server.rules.explanation import Decided, Facts, explain
from activation_server.rules.history import Event, EventKind
from activation_server.rules.hold import Hold
from activation_server.rules.license import License, Status
from activation_server.rules.person import Person, Profile, masked_profile
from activation_server.rules.seat import Activation
from activation_server.services import audit, people, sealed_holds, seats
from activation_server.services.calls import (
    REASON,
    add_event,
    key_digests,
    license_key_of,
    opened_events,
    order_of,
    sealed_order,
)
from activation_server.services.context import Context
from activation_server.services.products import require_policy
from activation_server.store import activations, events, licenses, products
from activation_server.store.database import Connection
from activation_server.store.events import StoredEvent, StoredRefusal
from activation_server.store.license_rows import StoredLicense
from activation_server.store.licenses import NewLicense

KeyOrId = str | UUID  # a text leads there as support types it, an id is the license's own

BATCH = 1000
SHOWN_EVENTS = 200
SALT_BYTES = 16
LISTED = 10  # people of a license in a list, and computers of each

# What an operator may do with a license's standing: from where, to what, told as what (to support
# and to the audit log in the same words).
CHANGES: Mapping[str, tuple[frozenset[Status], Status, EventKind]] = {
    "suspend": (frozenset({Status.ACTIVE}), Status.SUSPENDED, EventKind.SUSPENDED),
    "reinstate": (
        frozenset({Status.SUSPENDED, Status.REVOKED}),
        Status.ACTIVE,
        EventKind.REINSTATED,
    ),
    "revoke": (frozenset({Status.ACTIVE, Status.SUSPENDED}), Status.REVOKED, EventKind.REVOKED),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What licenses are to be issued; `overrides` are single terms instead of the policy's."""

    product: str
    policy: str
    overrides: Mapping[str, object]
    expires_at: datetime | None
    maintenance_until: datetime | None
    order_reference: str | None
    count: int
    buyer: Person = field(default_factory=Person)
    reason: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LicenseView:
    """A license as an operator sees it, with its key in clear."""

    license: License
    license_key: str = field(repr=False)
    key_tail: str
    order_reference: str | None
    people: Sequence[Profile] = ()  # the buyers first; in a list, of many some
    people_total: int = 0  # less who was erased
    holds: Sequence[Hold] = ()  # legal ones in force
    overrides: Collection[str] = ()  # names of terms that it sets itself

    @property
    def own_terms(self) -> frozenset[str]:
        """What it sets itself, in place of its policy."""
        return license_change.own_terms(self.license, self.overrides)

    @property
    def version(self) -> str:
        """Which version of it this is, as operators change it."""
        return license_version.version(self.license, self.overrides, self.key_tail)


@dataclass(frozen=True, slots=True)
class LicenseHistory:
    """A license with its computers, its history, and what it was refused for."""

    view: LicenseView
    terms: Mapping[str, object]  # that hold now
    own_terms: Collection[str]  # those of them that it sets itself, or that follow from such
    explanation: Sequence[str]
    activations: Sequence[Activation]  # the last seen first; of many some
    activations_total: int
    names: Mapping[UUID, str] = field(repr=False)  # of these computers; masked as people are
    events: Sequence[StoredEvent]  # the newest
    events_total: int
    refusals: Sequence[StoredRefusal]


async def issue(
    context: Context, order: Order, progress: Callable[[int], None]
) -> Sequence[LicenseView]:
    """Issue licenses, all or none; `progress` is told of each batch written."""
    now = context.now()

    async def work(connection: Connection) -> Sequence[LicenseView]:
        await require_policy(connection, order.product, order.policy)
        issued: list[LicenseView] = []
        for start in range(0, order.count, BATCH):
            new = [
                make_license(context, order, now, license_key.make(context.randomness.bits(115)))
                for _ in range(min(BATCH, order.count - start))
            ]
            ids = [license_.license_id for license_ in new]
            await licenses.add(connection, new)
            await people.add_buyers(context, connection, ids, order.buyer, now)
            await _record_issue(context, connection, new)
            issued += [
                view_of(context, stored) for stored in await licenses.by_ids(connection, ids)
            ]
            progress(len(new))
        await _note_issue(context, connection, order, issued)
        return issued

    return await context.database.transact(work)


def make_license(context: Context, order: Order, now: datetime, key: str) -> NewLicense:
    """Make a license for a key: its id, its salt, its sealed key, what it is looked up by."""
    license_id = context.randomness.uuid()
    order_sealed, order_token_ = sealed_order(context, license_id, order.order_reference)
    _, folded = key_digests(context, order.product, key)
    return NewLicense(
        license_id=license_id,
        product=order.product,
        policy=order.policy,
        status=Status.ACTIVE,
        overrides=order.overrides,
        issued_at=now,
        expires_at=order.expires_at,
        maintenance_until=order.maintenance_until,
        order_sealed=order_sealed,
        order_token=order_token_,
        key_tail=license_key.tail(key),
        key_sealed=context.keyring.license_keys.seal(
            key.encode(), license_key_place(str(license_id))
        ),
        hardware_salt=context.randomness.random_bytes(SALT_BYTES),
        key_digests=(folded,),
    )


async def show(
    context: Context, key_or_id: KeyOrId, reveal: str | None = None, most: int | None = None
) -> LicenseHistory:
    """Give one license with its computers and its history. Raises OperatorError.

    `reveal` says why its people are to be seen in clear; without it they are masked. Of people and
    of computers so many at most, or all: a site license may have thousands of each.
    """
    now = context.now()

    async def work(connection: Connection) -> LicenseHistory:
        stored = await require_license(context, connection, key_or_id)
        stored = await seats.counted(connection, stored, now)
        license_id = stored.license.license_id
        own = license_change.own_terms(stored.license, stored.overrides)
        lines = await events.of_license(connection, license_id, SHOWN_EVENTS)
        computers = await activations.of_license(connection, license_id, most)
        facts = Facts(
            license=stored.license,
            own=own,
            decided=await _decided(context, connection, stored.license),
            given_back=await seats.given_back(connection, stored.license, now),
            now=now,
        )
        [view] = await with_people_and_holds(
            context, connection, [view_of(context, stored)], most, clear=reveal is not None
        )
        history = LicenseHistory(
            view=view,
            terms=license_change.in_force(stored.license, now),
            own_terms=license_change.with_counted_ends(own),
            explanation=explain(facts),
            activations=computers,
            activations_total=await activations.count(connection, license_id),
            names=await people.names_of_computers(
                context, connection, license_id, computers, view.people, clear=reveal is not None
            ),
            events=await opened_events(context, connection, license_id, lines),
            events_total=await events.count(connection, license_id),
            refusals=await events.refusals_of(connection, license_id),
        )
        action = Action.SHOWN if reveal is None else Action.REVEALED
        await audit.note(context, connection, action, license_id=license_id, why=reveal)
        return history

    return await context.database.transact(work)


async def _decided(context: Context, connection: Connection, license_: License) -> Decided | None:
    """Give when and why a license was put on hold or revoked; imported ones came so."""
    kinds = {status: kind for _, status, kind in CHANGES.values() if status is not Status.ACTIVE}
    if license_.status not in kinds:
        return None
    event = await events.last(connection, license_.license_id, kinds[license_.status])
    if event is None:
        return None
    [opened] = await opened_events(context, connection, license_.license_id, [event])
    return Decided(event.at, str(opened.details[REASON]))


async def with_people_and_holds(
    context: Context,
    connection: Connection,
    views: Sequence[LicenseView],
    most: int | None = LISTED,
    *,
    clear: bool = False,
) -> Sequence[LicenseView]:
    """Give licenses with their people, masked but where it is noted why they are seen in clear.

    Of each license so many people at most, and of each of them so many computers, or all. There
    may be thousands: to open them all for a line of a list would keep check-ins waiting.
    """
    ids = [view.license.license_id for view in views]
    known = await people.of_licenses(context, connection, ids, most)
    held = await sealed_holds.of_licenses(context, connection, ids)
    return [
        replace(
            view,
            people=tuple(
                each if clear else masked_profile(each) for each in known[license_id].profiles
            ),
            people_total=known[license_id].total,
            holds=tuple(held[license_id]),
        )
        for license_id, view in zip(ids, views, strict=True)
    ]


async def change_standing(
    context: Context, key_or_id: KeyOrId, change: str, reason: str
) -> LicenseView:
    """Suspend, reinstate or revoke a license; repeated, nothing changes. Raises OperatorError."""
    (allowed_from, to, kind), now = CHANGES[change], context.now()

    async def work(connection: Connection) -> LicenseView:
        stored = await require_license(context, connection, key_or_id)
        license_id, status = stored.license.license_id, stored.license.status
        if status is not to and status not in allowed_from:
            msg = f"A license that is {status} can't be made {to}."
            raise OperatorError(msg)
        if status is not to:
            await licenses.set_status(connection, license_id, to, now)
            await add_event(context, connection, license_id, Event(kind, {"reason": reason}))
            action = Action(kind.value)
            await audit.note(context, connection, action, license_id=license_id, why=reason)
        changed = await licenses.get(connection, license_id) or stored
        return await view_now(context, connection, changed)

    return await context.database.transact(work)


async def note(context: Context, key_or_id: KeyOrId, words: str) -> LicenseView:
    """Note what support heard of a license's people, which is a contact with them.

    Raises OperatorError.
    """
    now = context.now()
    if not words.strip():
        raise OperatorError("Say what is to be noted.")

    async def work(connection: Connection) -> LicenseView:
        stored = await require_license(context, connection, key_or_id)
        license_id = stored.license.license_id
        event = Event(EventKind.NOTED, {REASON: words.strip()})
        await add_event(context, connection, license_id, event)
        await people.contacted(connection, license_id, now)
        await audit.note(context, connection, Action.NOTED, license_id=license_id)
        return await view_now(context, connection, stored)

    return await context.database.transact(work)


async def first_license(context: Context, product: str) -> LicenseView | None:
    """Give the oldest license of a product."""

    async def work(connection: Connection) -> LicenseView | None:
        stored = await licenses.first_of_product(connection, product)
        if stored is None:
            return None
        license_id = stored.license.license_id
        await audit.note(context, connection, Action.SHOWN, license_id=license_id)
        return view_of(context, stored)

    return await context.database.transact(work)


async def ids_of_key_or_id(
    context: Context, connection: Connection, text: str, hardware_token: bytes | None = None
) -> Collection[UUID]:
    """Give the licenses that a key of any product, a license id or an activation id leads to.

    With `hardware_token` those, too, that a computer holds or held a seat of.
    """
    digests = [
        digest
        for product in await products.all_products(connection)
        for digest in key_digests(context, product.code, text)
    ]
    ids = set(await licenses.ids_led_to(connection, digests, hardware_token))
    try:
        some_id = UUID(text)
    except ValueError:
        return ids
    return {*ids, some_id, *await activations.license_ids_of(connection, some_id)}


async def require_license(
    context: Context, connection: Connection, named: KeyOrId
) -> StoredLicense:
    """Give the one license that a key or an id leads to, locked. Raises OperatorError."""
    if isinstance(named, UUID):
        stored = await licenses.get(connection, named, lock=True)
        if stored is None:
            raise NotFoundError(f"There is no license {named}.")
        return stored
    text = named
    ids = await ids_of_key_or_id(context, connection, text.strip())
    found = await licenses.by_ids(connection, ids)
    if not found:
        msg = "No license has this key or id; `license find` looks in more places."
        raise NotFoundError(msg)
    if len(found) > 1:
        several = ", ".join(f"{one.license.license_id} ({one.license.product})" for one in found)
        msg = f"Several licenses have this key; name one by its id: {several}."
        raise OperatorError(msg)
    return await licenses.get(connection, found[0].license.license_id, lock=True) or found[0]


async def _record_issue(
    context: Context, connection: Connection, new: Sequence[NewLicense]
) -> None:
    await events.add_many(
        connection,
        [
            (
                license_.license_id,
                StoredEvent(context.clock(), context.randomness.uuid(), EventKind.ISSUED, {}),
            )
            for license_ in new
        ],
    )


async def _note_issue(
    context: Context, connection: Connection, order: Order, issued: Sequence[LicenseView]
) -> None:
    await audit.note(
        context,
        connection,
        Action.ISSUED,
        license_id=the_only(issued),
        subject=f"{order.product}/{order.policy}",
        details={"count": len(issued)},
        why=order.reason,
    )


def the_only(views: Sequence[LicenseView]) -> UUID | None:
    """Give the license of what is about a single one."""
    return views[0].license.license_id if len(views) == 1 else None


async def view_now(context: Context, connection: Connection, stored: StoredLicense) -> LicenseView:
    """Give a license as an operator sees it, with the seats in use now."""
    return view_of(context, await seats.counted(connection, stored, context.now()))


def view_of(context: Context, stored: StoredLicense) -> LicenseView:
    """Give a license as an operator sees it."""
    return LicenseView(
        license=stored.license,
        license_key=license_key_of(context, stored),
        key_tail=stored.key_tail,
        order_reference=order_of(context, stored),
        overrides=stored.overrides.keys(),
    )
