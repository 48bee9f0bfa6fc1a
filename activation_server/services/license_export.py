"""Licenses and their computers as whole lists, batch by batch: memory never holds more than one."""

from collections.abc import AsyncGenerator, Sequence
from typing import Final
from uuid import UUID

from activation_server.rules.audit import Action
from activation_server.rules.seat import Activation
from activation_server.services import audit, license_list
from activation_server.services.context import Context
from activation_server.services.license_list import Wanted
from activation_server.services.licensing import LicenseView
from activation_server.store import license_list as store
from activation_server.store.database import Connection

BATCH: Final = 100


async def noted(context: Context, what: str) -> None:
    """Note that a whole list is given, before any of it is."""

    async def work(connection: Connection) -> None:
        await audit.note(context, connection, Action.LISTED, subject=what)

    await context.database.transact(work)


async def licenses(context: Context, wanted: Wanted) -> AsyncGenerator[Sequence[LicenseView]]:
    """Give all licenses that are asked for, by their ids; people are masked."""
    after: UUID | None = None
    while True:
        found = await license_list.batch(context, wanted, after, BATCH)
        yield found.licenses
        if found.after is None:
            return
        after = found.after


async def activations(context: Context, wanted: Wanted) -> AsyncGenerator[Sequence[Activation]]:
    """Give all computers of the licenses that are asked for, by the ids of both."""
    after: tuple[UUID, UUID] | None = None
    asked = license_list.filter_of(context, wanted)
    while True:

        async def work(
            connection: Connection, after: tuple[UUID, UUID] | None = after
        ) -> Sequence[Activation]:
            return await store.activations_page(connection, asked, after, BATCH)

        found = await context.database.transact(work)
        yield found
        if len(found) < BATCH:
            return
        after = found[-1].license_id, found[-1].activation_id
