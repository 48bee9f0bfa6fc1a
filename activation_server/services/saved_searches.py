"""Lists of licenses that members of staff save for themselves, with nothing of a person in them."""

from collections.abc import Sequence
from uuid import UUID

from activation_server.rules.audit import Action
from activation_server.rules.errors import OperatorError
from activation_server.rules.license_criteria import MOST_SAVED, Criteria, name_of
from activation_server.rules.staff import Session
from activation_server.services import audit
from activation_server.services.context import Context
from activation_server.store import staff, staff_searches
from activation_server.store.database import Connection
from activation_server.store.staff_searches import StoredSearch


async def of_session(context: Context, session: Session) -> Sequence[StoredSearch]:
    """Give the saved searches of a session's owner, by name."""

    async def work(connection: Connection) -> Sequence[StoredSearch]:
        return await staff_searches.of_staff(connection, session.staff_id)

    return await context.database.transact(work)


async def save(context: Context, session: Session, typed: str, criteria: Criteria) -> None:
    """Save a search, or write over the owner's own of this name. Raises OperatorError."""
    try:
        name = name_of(typed)
    except ValueError as error:
        raise OperatorError(str(error)) from None
    owner, now = session.staff_id, context.now()
    new = StoredSearch(context.randomness.uuid(), owner, name, criteria.written(), now)

    async def work(connection: Connection) -> None:
        await staff.get(connection, owner, lock=True)
        others = [
            each for each in await staff_searches.of_staff(connection, owner) if each.name != name
        ]
        if len(others) >= MOST_SAVED:
            raise OperatorError(f"You have {MOST_SAVED} saved lists; delete one first.")
        await staff_searches.put(connection, new)
        acting = context.acting(session.name)
        await audit.note(acting, connection, Action.SEARCH_SAVED, details=criteria.written())

    await context.database.transact(work)


async def delete(context: Context, session: Session, search_id: UUID) -> bool:
    """Delete one of the owner's saved searches; `False` when there is none such."""

    async def work(connection: Connection) -> bool:
        if not await staff_searches.remove(connection, session.staff_id, search_id):
            return False
        await audit.note(context.acting(session.name), connection, Action.SEARCH_DELETED)
        return True

    return await context.database.transact(work)
