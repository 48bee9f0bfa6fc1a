"""Computers' seats, as operators take them back, or declare which of two copies is the true one."""

from uuid import UUID

from activation_server.rules import activation as rules
from activation_server.rules import branch
from activation_server.rules.audit import Action
from activation_server.rules.branch import TrueBranch
from activation_server.rules.errors import NotFoundError
from activation_server.rules.history import EventKind
from activation_server.rules.seat import Activation, RemovedBy
from activation_server.services import audit, seats
from activation_server.services.calls import add_event
from activation_server.services.context import Context
from activation_server.store import activations, licenses
from activation_server.store.database import Connection


async def remove_activation(context: Context, activation_id: UUID, reason: str) -> Activation:
    """Take a computer's seat back; repeated, nothing changes. Raises OperatorError."""
    now = context.now()

    async def work(connection: Connection) -> Activation:
        activation = await lock_activation(connection, activation_id)
        if activation.removed_at is not None:
            return activation
        kind, details = EventKind.ACTIVATION_REMOVED, {"reason": reason}
        removed = rules.remove(activation, RemovedBy.SUPPORT, kind, details, now)
        freed = await seats.free(context, connection, removed)
        await audit.note(
            context,
            connection,
            Action.ACTIVATION_REMOVED,
            license_id=freed.license_id,
            subject=str(activation_id),
            why=reason,
        )
        return freed

    return await context.database.transact(work)


async def declare_branch(
    context: Context, activation_id: UUID, true: TrueBranch, reason: str
) -> Activation:
    """Declare one branch of a forked activation the true one. Raises OperatorError."""

    async def work(connection: Connection) -> Activation:
        activation = await lock_activation(connection, activation_id)
        declared, event = branch.declare(activation, true, reason)
        await activations.save_declared(connection, declared)
        await add_event(context, connection, declared.license_id, event)
        await audit.note(
            context,
            connection,
            Action.BRANCH_DECLARED,
            license_id=declared.license_id,
            subject=str(activation_id),
            details={"true": true.value},
            why=reason,
        )
        return declared

    return await context.database.transact(work)


async def lock_activation(connection: Connection, activation_id: UUID) -> Activation:
    """Lock the license, then the activation: the same order everywhere. Raises OperatorError."""
    for license_id in await activations.license_ids_of(connection, activation_id):
        await licenses.get(connection, license_id, lock=True)
        activation = await activations.lock(connection, license_id, activation_id)
        if activation is not None:
            return activation
    msg = f"There is no activation {activation_id}."
    raise NotFoundError(msg)
