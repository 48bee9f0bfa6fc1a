"""Change a license that was sold: renew it, set single terms, move it to another policy."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from activation_server.formats.admin_api import changes as written
from activation_server.rules import license_change as rules
from activation_server.rules import renewal
from activation_server.rules.audit import Action
from activation_server.rules.errors import OperatorError
from activation_server.rules.history import Event, EventKind
from activation_server.rules.license_change import Change
from activation_server.rules.renewal import Renewal, Unrenewable
from activation_server.services import audit
from activation_server.services.calls import add_event
from activation_server.services.context import Context
from activation_server.services.licensing import KeyOrId, LicenseView, require_license, view_now
from activation_server.services.products import require_policy
from activation_server.store import events, licenses
from activation_server.store.database import Connection
from activation_server.store.license_rows import StoredLicense

_UNRENEWABLE: Mapping[Unrenewable, str] = {
    Unrenewable.NEVER_ENDS: "This license never ends: there is nothing to renew. To renew its "
    "maintenance, give --maintenance-days; to give it an end, use `license set --expires`.",
    Unrenewable.NOT_BEGUN: "This license's term has not begun: it counts from the first "
    "activation, which is still to come. Activate it first, or give it an end of its own with "
    "`license set --expires`.",
    Unrenewable.NO_TERM: "This license was given an end, and its policy has no term: "
    "say by how many days to renew it, with --days.",
    Unrenewable.MAINTENANCE_NEVER_ENDS: "This license's maintenance never ends: "
    "there is nothing to renew.",
}


@dataclass(frozen=True, slots=True)
class Changed:
    """A license after a change, or as it would be, and which terms hold differently."""

    view: LicenseView
    changes: Mapping[str, Change]
    own: Collection[str]  # the terms that it sets itself now


@dataclass(frozen=True, slots=True)
class NewTerms:
    """What shall hold for a license; what is not named stays as it is."""

    policy: str | None = None
    terms: Mapping[str, object] = field(default_factory=dict)
    reset: Collection[str] = ()  # terms that its policy decides on again
    ends: Mapping[str, datetime | None] = field(default_factory=dict)  # `None`: by its terms


async def renew(
    context: Context, key_or_id: KeyOrId, wanted: Renewal, reason: str, *, dry_run: bool = False
) -> Changed:
    """Add days to a license's end, or to its maintenance's. Raises OperatorError."""
    now = context.now()

    async def work(connection: Connection, stored: StoredLicense) -> StoredLicense:
        renewed = renewal.renew(stored.license, wanted, now)
        if isinstance(renewed, Unrenewable):
            raise OperatorError(_UNRENEWABLE[renewed])
        if not dry_run:
            await licenses.set_ends(
                connection, renewed.license_id, renewed.expires_at, renewed.maintenance_until
            )
        return replace(stored, license=renewed)

    event = None if dry_run else EventKind.RENEWED
    return await change(context, key_or_id, work, event, reason)


async def set_terms(context: Context, key_or_id: KeyOrId, new: NewTerms, reason: str) -> Changed:
    """Change what holds for one license; repeated, nothing changes. Raises OperatorError."""

    async def work(connection: Connection, stored: StoredLicense) -> StoredLicense:
        license_ = stored.license
        policy = license_.policy if new.policy is None else new.policy
        await require_policy(connection, license_.product, policy)
        await licenses.set_terms(connection, stored, policy, new.terms, new.reset)
        await licenses.set_ends(
            connection,
            license_.license_id,
            new.ends.get(rules.EXPIRES, license_.expires_at),
            new.ends.get(rules.MAINTENANCE_UNTIL, license_.maintenance_until),
        )
        return await licenses.get(connection, license_.license_id) or stored

    return await change(context, key_or_id, work, EventKind.TERMS_CHANGED, reason)


async def change(
    context: Context,
    key_or_id: KeyOrId,
    work: Callable[[Connection, StoredLicense], Awaitable[StoredLicense]],
    kind: EventKind | None,
    reason: str,
) -> Changed:
    """Lock a license, let `work` change it, and note what changed.

    The line of history is made once, before: run again after a commit whose answer was lost, the
    change is found done, and days are not added twice.
    """
    now, at, event_id = context.now(), context.clock(), context.randomness.uuid()
    noted: dict[str, Change] = {}

    async def once(connection: Connection) -> Changed:
        stored = await require_license(context, connection, key_or_id)
        license_id = stored.license.license_id
        if await events.has(connection, license_id, event_id, at):
            return _changed(await view_now(context, connection, stored), stored, noted)
        changed = await work(connection, stored)
        noted.clear()
        noted.update(_noted(stored, changed, now))
        if kind is not None and noted:
            details = {"changes": written(noted)}
            event = Event(kind, {**details, "reason": reason})
            await add_event(context, connection, license_id, event, event_id, at)
            await audit.note(
                context,
                connection,
                Action(kind.value),
                license_id=license_id,
                details=details,
                why=reason,
            )
        return _changed(await view_now(context, connection, changed), changed, noted)

    return await context.database.transact(once)


def _changed(view: LicenseView, stored: StoredLicense, noted: Mapping[str, Change]) -> Changed:
    return Changed(view, noted, rules.own_terms(stored.license, stored.overrides))


def _noted(before: StoredLicense, after: StoredLicense, now: datetime) -> dict[str, Change]:
    """Give what holds differently, and what holds as before by another's word."""
    touched = rules.own_terms(before.license, before.overrides) ^ rules.own_terms(
        after.license, after.overrides
    )
    pinned = rules.pinned(after.license, touched, now)
    return {**pinned, **rules.changes(before.license, after.license, now)}
