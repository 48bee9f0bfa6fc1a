"""A trial turned into a license: its computers work on, with the key and the seats that it has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from activation_server.rules.errors import OperatorError
from activation_server.rules.history import EventKind
from activation_server.rules.license import Kind, later
from activation_server.rules.person import Person
from activation_server.services import license_change, people
from activation_server.services.calls import sealed_order
from activation_server.services.context import Context
from activation_server.services.license_change import Changed
from activation_server.services.licensing import KeyOrId
from activation_server.services.products import require_policy
from activation_server.store import licenses
from activation_server.store.database import Connection
from activation_server.store.license_rows import StoredLicense


@dataclass(frozen=True, slots=True)
class Sale:
    """What a trial becomes; `terms` are single ones in place of the policy's."""

    policy: str
    terms: Mapping[str, object] = field(default_factory=dict)
    expires_at: datetime | None = None  # `None`: by the policy's term, from now
    order_reference: str | None = None
    buyer: Person = field(default_factory=Person)


async def convert(context: Context, key_or_id: KeyOrId, sale: Sale, reason: str) -> Changed:
    """Turn a trial into a license of another policy, from now on. Raises OperatorError."""
    now = context.now()

    async def work(connection: Connection, stored: StoredLicense) -> StoredLicense:
        license_ = stored.license
        license_id = license_.license_id
        if license_.kind(now) is not Kind.TRIAL:
            raise OperatorError("This license is no trial.")
        policy = await require_policy(connection, license_.product, sale.policy)
        terms = policy.overridden(sale.terms)
        if terms.trial_days is not None:
            msg = f"The policy {sale.policy!r} gives trials; choose one that is sold."
            raise OperatorError(msg)
        await licenses.set_terms(
            connection, stored, sale.policy, sale.terms, stored.overrides.keys()
        )
        # Counted from now, not from the day on which the trial was given.
        await licenses.set_ends(
            connection,
            license_id,
            sale.expires_at or _after(now, terms.term_days),
            _after(now, terms.maintenance_days),
        )
        order = sealed_order(context, license_id, sale.order_reference)
        await licenses.set_converted(connection, license_id, order, now)
        await people.add_buyers(context, connection, [license_id], sale.buyer, now)
        return await licenses.get(connection, license_id) or stored

    return await license_change.change(context, key_or_id, work, EventKind.TRIAL_CONVERTED, reason)


def _after(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else later(now, days)
