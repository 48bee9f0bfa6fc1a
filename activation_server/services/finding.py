"""Licenses found by what a customer or an app tells."""

from collections.abc import Sequence
from dataclasses import dataclass

from activation_server.formats import license_key
from activation_server.rules.audit import Action
from activation_server.rules.folding import fold
from activation_server.services import audit, people, seats
from activation_server.services.calls import order_of, order_token
from activation_server.services.context import Context
from activation_server.services.licensing import (
    LicenseView,
    ids_of_key_or_id,
    the_only,
    view_of,
    with_people_and_holds,
)
from activation_server.store import activations, licenses
from activation_server.store.database import Connection
from activation_server.store.licenses import StoredLicense

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Found:
    """Licenses that were found, the newest first; `complete` when no others match."""

    licenses: Sequence[LicenseView]
    complete: bool


async def find(context: Context, text: str) -> Found:
    """Find licenses by key, its end, order, an id, a person's or a computer's names, an address."""

    async def work(connection: Connection) -> Found:
        right, complete = await matching(context, connection, text)
        lapsing = await activations.lapsing_of(
            connection, [each.license.license_id for each in right], context.now()
        )
        views = [
            view_of(context, seats.less(each, lapsing.get(each.license.license_id, 0)))
            for each in right
        ]
        await audit.note(
            context,
            connection,
            Action.LOOKED_UP,
            license_id=the_only(views),
            details={"found": len(views)},
        )
        shown = await with_people_and_holds(context, connection, views)
        return Found(shown, complete=complete)

    return await context.database.transact(work)


async def matching(
    context: Context, connection: Connection, text: str
) -> tuple[Sequence[StoredLicense], bool]:
    """Give at most 100 licenses that a text leads to, newest first; and whether these are all."""
    wanted = text.strip()
    computer = context.keyring.digester.hardware({"hardware_id": wanted})
    of_people = await people.find(context, connection, wanted)
    ids = {
        *await ids_of_key_or_id(context, connection, wanted),
        *await activations.license_ids_on(connection, computer),
        *of_people.license_ids,
    }
    tail = license_key.tail(wanted) if len(wanted) == license_key.TAIL else None
    token = order_token(context, wanted)
    found = await licenses.find(connection, ids=ids, tail=tail, order_token=token)
    right = [
        each
        for each in found
        if each.license.license_id in ids
        or each.key_tail == tail
        or fold(order_of(context, each) or "") == fold(wanted)
    ]
    return right[:SHOWN], of_people.complete and len(found) <= SHOWN
