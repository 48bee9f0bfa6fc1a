"""What is held on a person, to be looked at before it is exported or erased."""

from collections.abc import Sequence
from dataclasses import dataclass

from activation_server.rules.audit import Action
from activation_server.rules.export import Export
from activation_server.rules.hold import Hold
from activation_server.services import audit, export, newsletter
from activation_server.services.context import Context
from activation_server.services.newsletter import Status
from activation_server.services.sealed_holds import open_hold
from activation_server.store import holds as store
from activation_server.store.database import Connection


@dataclass(frozen=True, slots=True)
class PersonData:
    """Everything held on the person of an address, and what stands for it or against it."""

    export: Export
    holds: Sequence[Hold]  # in force: as long as there is one, nobody of them is erased
    newsletter: Status


async def look(context: Context, email: str) -> PersonData:
    """Tell what is held on the person of an e-mail address; noted. Raises OperatorError."""

    async def work(connection: Connection) -> PersonData:
        found, ids = await export.read(context, connection, email)
        held = await store.of_people(connection, ids, context.now().date()) if ids else ()
        standing = await newsletter.standing(context, connection, email)
        details = {"found": len(found.licenses)}
        await audit.note(context, connection, Action.LOOKED_UP, details=details)
        return PersonData(found, [open_hold(context, each) for each in held], standing)

    return await context.database.transact(work)
