"""Legal holds: placed on licenses and people, listed, lifted before their time."""

from collections.abc import Collection, Sequence
from uuid import UUID

from activation_server.rules.audit import Action
from activation_server.rules.errors import NotFoundError, OperatorError
from activation_server.rules.hold import Hold, HoldOrder, HoldStatus, check_order
from activation_server.services import audit, erasure, people
from activation_server.services.context import Context
from activation_server.services.licensing import require_license
from activation_server.services.sealed_holds import open_hold, seal_hold, seal_word
from activation_server.store import holds as store
from activation_server.store import licenses
from activation_server.store.database import Connection
from activation_server.store.people import lock_license


async def place_on_license(context: Context, key_or_id: str, order: HoldOrder) -> Sequence[Hold]:
    """Hold a license with everything that belongs to it. Raises OperatorError."""
    check_order(order, context.now().date())

    async def work(connection: Connection) -> Sequence[Hold]:
        stored = await require_license(context, connection, key_or_id)
        license_id = stored.license.license_id
        await _lock(context, connection, [license_id])
        return await _place(context, connection, order, [(license_id, None)])

    return await context.database.transact(work)


async def place_on_person(context: Context, email: str, order: HoldOrder) -> Sequence[Hold]:
    """Hold everybody of an e-mail address: one hold for each license. Raises OperatorError."""
    check_order(order, context.now().date())

    async def work(connection: Connection) -> Sequence[Hold]:
        found = await people.with_email(context, connection, email)
        locked = {profile.license_id for profile in found}
        await _lock(context, connection, locked)
        # Again: until the lock was had, somebody may have been erased.
        profiles = await people.with_email(context, connection, email)
        on = [(each.license_id, each.person_id) for each in profiles if each.license_id in locked]
        if not on:
            msg = "Nobody has this address: there never was anybody, or they are erased."
            raise OperatorError(msg)
        return await _place(context, connection, order, on)

    return await context.database.transact(work)


async def lift(context: Context, hold_id: UUID, reason: str) -> Hold:
    """End a hold before its time; repeated, nothing changes. Raises OperatorError."""
    now = context.now()
    if not reason.strip():
        raise OperatorError("Say why the hold is lifted.")

    async def work(connection: Connection) -> Hold:
        stored = await store.lock(connection, hold_id)
        if stored is None:
            msg = f"There is no hold {hold_id}; `hold list --all` shows those there are."
            raise NotFoundError(msg)
        hold = open_hold(context, stored)
        if hold.status(now.date()) is HoldStatus.ENDED:
            msg = f"The hold ended on {hold.until}: there is nothing to lift."
            raise OperatorError(msg)
        if hold.is_in_force(now.date()):
            sealed = seal_word(context, hold_id, "lifted_reason", reason)
            await store.lift(connection, hold_id, now, sealed)
            await audit.note(
                context,
                connection,
                Action.HOLD_LIFTED,
                license_id=hold.license_id,
                subject=str(hold_id),
            )
        lifted = await store.lock(connection, hold_id)
        return open_hold(context, lifted or stored)

    return await context.database.transact(work)


async def list_holds(
    context: Context, *, ended_too: bool = False, reveal: str | None = None
) -> Sequence[Hold]:
    """Give the holds in force, the first to end first; or all of them.

    `reveal` says why their words are to be read.
    """
    in_force_on = None if ended_too else context.now().date()

    async def work(connection: Connection) -> Sequence[Hold]:
        found = await store.list_all(connection, in_force_on)
        if reveal is not None:
            details = {"holds": len(found)}
            await audit.note(context, connection, Action.REVEALED, details=details, why=reveal)
        return [open_hold(context, one) for one in found]

    return await context.database.transact(work)


async def _lock(context: Context, connection: Connection, license_ids: Collection[UUID]) -> None:
    """Lock licenses, then their people, who then are not erased meanwhile. Raises OperatorError.

    What the ledger has, and the database has not carried out, would be erased under the hold.
    """
    for license_id in sorted(license_ids):
        await licenses.get(connection, license_id, lock=True)
    for license_id in sorted(license_ids):
        await lock_license(connection, license_id)
    await erasure.require_carried_out(context, connection)


async def _place(
    context: Context,
    connection: Connection,
    order: HoldOrder,
    on: Sequence[tuple[UUID, UUID | None]],
) -> Sequence[Hold]:
    new = [
        Hold(
            hold_id=context.randomness.uuid(),
            license_id=license_id,
            person_id=person_id,
            until=order.until,
            placed_at=context.now(),
            reason=order.reason.strip(),
            ordered_by=order.ordered_by.strip(),
        )
        for license_id, person_id in on
    ]
    await store.add(connection, [seal_hold(context, each) for each in new])
    for each in new:
        await audit.note(
            context,
            connection,
            Action.HOLD_PLACED,
            license_id=each.license_id,
            subject=str(each.hold_id),
            details={"until": each.until.isoformat(), "person": each.person_id is not None},
        )
    return new
