"""Trials: given to a computer without a key, and turned into the license that is bought."""

from dataclasses import dataclass, field
from datetime import datetime

from activation_server.formats import license_key
from activation_server.rules import activation as rules
from activation_server.rules import trial
from activation_server.rules.history import Event, EventKind
from activation_server.rules.license import Kind, License, Overage, Terms, later
from activation_server.rules.reasons import Reason, Refused
from activation_server.rules.seat import RemovedBy
from activation_server.services import seats
from activation_server.services.calls import (
    Certified,
    Decided,
    Request,
    add_event,
    certify,
    hardware_token,
    license_key_of,
)
from activation_server.services.context import Context
from activation_server.services.licensing import Order, make_license
from activation_server.store import activations, computers, licenses, products
from activation_server.store.computers import Trial
from activation_server.store.database import Connection
from activation_server.store.license_rows import StoredLicense


@dataclass(frozen=True, slots=True)
class Started:
    """A computer's trial; the key is for support, and for an app that forgot its activation."""

    certified: Certified
    license_key: str = field(repr=False)


class _NothingStoredError(Exception):
    """Undoes the making of a trial that is refused."""

    def __init__(self, refused: Refused) -> None:
        super().__init__("the trial is refused")
        self.refused = refused


async def start(context: Context, request: Request) -> Started | Refused:
    """Give a computer its trial of a product; while it runs, the same one again."""
    now = context.now()

    async def work(connection: Connection) -> Decided[StoredLicense] | Refused:
        product = request.product or ""
        offered = await products.trial_policy(connection, product)
        if offered is None:
            return Refused(Reason.TRIAL_NOT_OFFERED)
        policy, terms = offered
        token = hardware_token(context, request)
        last = await computers.claim(connection, product, token)
        stored = await _license_of(connection, last)
        runs = stored is not None and not stored.license.is_over(now)
        months = terms.trial_again_months
        if last is None or (not runs and trial.may_start_again(last.at, months, now)):
            order = _order(product, policy, terms, now)
            return await _give(context, connection, request, order, now)
        if stored is None:
            return trial.used(last.at, months)
        return await seats.take(context, connection, stored, request, now, trial.activate)

    try:
        decided = await context.database.transact(work)
    except _NothingStoredError as nothing:
        return nothing.refused
    if isinstance(decided, Refused):
        return decided
    return Started(await certify(context, decided), license_key_of(context, decided.stored))


async def _license_of(connection: Connection, last: Trial | None) -> StoredLicense | None:
    """Give the license of a trial, locked: after the computer, whose row is locked already.

    One that was bought since is no trial: its key is not given, and nothing ends it.
    """
    stored = None if last is None else await licenses.get(connection, last.license_id, lock=True)
    return None if stored is None or stored.license.converted else stored


def _order(product: str, policy: str, terms: Terms, now: datetime) -> Order:
    """Order a license for one computer; its end is fixed, whatever becomes of the policy."""
    one_seat = {"seats": 1, "overage": Overage.NONE}
    ends = later(now, terms.trial_days or 0)
    return Order(product, policy, one_seat, ends, None, None, 1)


async def _give(
    context: Context, connection: Connection, request: Request, order: Order, now: datetime
) -> Decided[StoredLicense]:
    """Make a trial and seat the computer on it, or leave everything as it was."""
    new = make_license(context, order, now, license_key.make(context.randomness.bits(115)))
    await licenses.add(connection, [new])
    await add_event(context, connection, new.license_id, Event(EventKind.TRIAL_STARTED))
    [stored] = await licenses.by_ids(connection, [new.license_id])
    decided = await seats.take(context, connection, stored, request, now)
    if isinstance(decided, Refused):
        raise _NothingStoredError(decided)
    given = Trial(new.license_id, now)
    await computers.save_trial(connection, order.product, hardware_token(context, request), given)
    return decided


async def convert(
    context: Context, connection: Connection, bought: License, request: Request, now: datetime
) -> None:
    """End the trial of a computer that has a seat of a license now: it goes on with that one.

    The license is locked; the computer and its trial are locked after it.
    """
    if bought.kind(now) is Kind.TRIAL:
        return
    token = hardware_token(context, request)
    last = await computers.trial_of(connection, bought.product, token)
    stored = await _license_of(connection, last)
    if stored is None or stored.license.is_over(now):
        return
    ended, trial_id = {"license_id": str(bought.license_id)}, stored.license.license_id
    if trial_id == bought.license_id:  # a trial of old, whose policy gives no trials any more
        return
    for activation in await activations.of_license(connection, trial_id):
        if activation.removed_at is None:
            kind = EventKind.TRIAL_CONVERTED
            removed = rules.remove(activation, RemovedBy.PURCHASE, kind, ended, now)
            await seats.free(context, connection, removed)
    await licenses.set_ends(connection, trial_id, now, stored.license.maintenance_until)
    told = Event(EventKind.TRIAL_CONVERTED, {"trial_license_id": str(trial_id)})
    await add_event(context, connection, bought.license_id, told)
