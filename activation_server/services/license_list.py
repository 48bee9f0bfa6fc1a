"""Licenses in pages, by what is known of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from activation_server.rules.audit import Action
from activation_server.rules.folding import fold
from activation_server.rules.license import License, Status
from activation_server.rules.license_criteria import Criteria
from activation_server.rules.reasons import Reason
from activation_server.services import audit, finding, people
from activation_server.services.calls import order_of, order_token
from activation_server.services.context import Context
from activation_server.services.finding import Asked
from activation_server.services.licensing import (
    LicenseView,
    the_only,
    view_of,
    with_people_and_holds,
)
from activation_server.store import license_list
from activation_server.store.database import Connection
from activation_server.store.license_list import Filter
from activation_server.store.license_rows import StoredLicense

_LOOKS: Final = 20  # parts of a list that are looked at for one page


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which licenses are asked for; what is not said does not matter."""

    text: str | None = None  # whatever `finding.find` takes
    email: str | None = None
    order: str | None = None
    status: Status | None = None
    product: str | None = None
    policy: str | None = None
    ends_before: datetime | None = None
    ends_after: datetime | None = None
    refused: Reason | None = None

    @classmethod
    def by(cls, criteria: Criteria, now: datetime) -> Self:
        """Give those to which criteria apply now."""
        after, before = criteria.ends_between(now)
        return cls(
            status=criteria.status,
            product=criteria.product,
            policy=criteria.policy,
            ends_before=before,
            ends_after=after,
            refused=criteria.refused,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Licenses by their ids; `after` is where the next page begins, none on the last one.

    A page may have fewer than were asked for. `complete`: a search for a text gave all there are.
    """

    licenses: Sequence[LicenseView]
    complete: bool
    after: UUID | None


async def page(context: Context, wanted: Wanted, after: UUID | None, limit: int) -> Page:
    """Give the next licenses that are asked for. Raises OperatorError."""

    async def work(connection: Connection) -> Page:
        found = await _page(context, connection, wanted, after, limit)
        await audit.note(
            context,
            connection,
            Action.LOOKED_UP,
            license_id=the_only(found.licenses),
            details={"found": len(found.licenses)},
        )
        return found

    return await context.database.transact(work)


async def filled_page(context: Context, wanted: Wanted, after: UUID | None, limit: int) -> Page:
    """Give a page that is full, unless there are no more or very many were looked at."""

    async def work(connection: Connection) -> Page:
        found: list[LicenseView] = []
        place = after
        for _ in range(_LOOKS):
            left = limit - len(found)
            part = await _page(context, connection, wanted, place, left)
            found += part.licenses
            place = part.after
            if place is None or len(found) == limit:
                break
        only, details = the_only(found), {"found": len(found)}
        await audit.note(context, connection, Action.LOOKED_UP, license_id=only, details=details)
        return Page(found, complete=True, after=place)

    return await context.database.transact(work)


async def batch(context: Context, wanted: Wanted, after: UUID | None, limit: int) -> Page:
    """Give the next licenses of a whole list, of which it is noted elsewhere that it is given."""

    async def work(connection: Connection) -> Page:
        return await _page(context, connection, wanted, after, limit)

    return await context.database.transact(work)


async def _page(
    context: Context, connection: Connection, wanted: Wanted, after: UUID | None, limit: int
) -> Page:
    ids, complete = await _ids(context, connection, wanted)
    found, next_ = await license_list.page(
        connection, filter_of(context, wanted, ids), after, limit, context.now()
    )
    right = [each for each in found if _is_right(context, wanted, each)]
    views = [view_of(context, each) for each in right]
    return Page(await with_people_and_holds(context, connection, views), complete, next_)


async def _ids(
    context: Context, connection: Connection, wanted: Wanted
) -> tuple[Collection[UUID] | None, bool]:
    """Give the licenses that texts lead to; `None` when none is given."""
    ids: set[UUID] | None = None
    complete = True
    if wanted.text is not None:
        found, complete = await finding.matching(context, connection, Asked(wanted.text))
        ids = {each.license.license_id for each in found}
    if wanted.email is not None:
        theirs = {
            each.license_id for each in await people.with_email(context, connection, wanted.email)
        }
        ids = theirs if ids is None else ids & theirs
    return ids, complete


def filter_of(context: Context, wanted: Wanted, ids: Collection[UUID] | None = None) -> Filter:
    """Give what the database is asked; the rules have a say after that."""
    return Filter(
        ids=ids,
        order_token=None if wanted.order is None else order_token(context, wanted.order),
        status=wanted.status,
        product=wanted.product,
        policy=wanted.policy,
        may_end_before=wanted.ends_before,
        ends_after=wanted.ends_after,
        refused=wanted.refused,
    )


def _is_right(context: Context, wanted: Wanted, stored: StoredLicense) -> bool:
    """Tell what the database can't: other orders share a token, ends are counted by the rules."""
    if wanted.order is not None and fold(order_of(context, stored) or "") != fold(
        wanted.order.strip()
    ):
        return False
    if wanted.ends_before is None and wanted.ends_after is None:
        return True
    return _ends_in_time(stored.license, wanted, context.now())


def _ends_in_time(license_: License, wanted: Wanted, now: datetime) -> bool:
    end = None if license_.awaits_activation() else license_.ends_at(now)
    if end is None or (wanted.ends_after is not None and end < wanted.ends_after):
        return False
    return wanted.ends_before is None or end < wanted.ends_before
