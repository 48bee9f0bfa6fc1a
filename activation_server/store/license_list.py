"""Licenses page by page, by their ids: a page costs the same wherever it is, whatever it is for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Numeric, and_, case, cast, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.license import LONGEST_DAYS, Status
from activation_server.rules.reasons import Reason
from activation_server.rules.seat import Activation
from activation_server.store.activation_rows import STORED, activation_of
from activation_server.store.arrays import is_one_of
from activation_server.store.license_rows import ALL_NOW, StoredLicense, stored_license
from activation_server.store.tables import activations, licenses, policies, refusals

# An end may be counted from a policy's days, which no index holds: then so many are looked at.
WINDOW: Final = 10_000
_A, _L, _R = activations.c, licenses.c, refusals.c
_FIRST: Final = UUID(int=0)


def _days(name: str) -> ColumnElement[Any]:
    """Give a term in days, by the license's own word or by its policy's."""
    own, common = _L.overrides, policies.c.terms
    return case(
        (own.has_key(name), cast(own[name].astext, Numeric)),
        else_=cast(common[name].astext, Numeric),
    )


# An end is counted by the rules, which have the last word: this is only never later. What has no
# days never ends.
_LASTS: Final = func.least(func.coalesce(_days("trial_days"), _days("term_days")), LONGEST_DAYS)
_COUNTED_END: Final = _L.issued_at + func.make_interval(0, 0, 0, cast(_LASTS, Integer))


@dataclass(frozen=True, slots=True)
class Filter:
    """Which licenses are asked for; what is not said does not matter."""

    ids: Collection[UUID] | None = None
    order_token: int | None = None
    status: Status | None = None
    product: str | None = None
    policy: str | None = None
    may_end_before: datetime | None = None
    ends_after: datetime | None = None  # of those with an end of their own
    refused: Reason | None = None


async def page(
    connection: AsyncConnection, wanted: Filter, after: UUID | None, limit: int, now: datetime
) -> tuple[Sequence[StoredLicense], UUID | None]:
    """Give the next licenses by id, as of now, and the id that the page after begins after."""
    begin = after or _FIRST
    conditions = [_L.license_id > begin, *_conditions(wanted)]
    end = None
    if wanted.may_end_before is not None:
        window = select(_L.license_id).where(_L.license_id > begin).order_by(_L.license_id)
        end = await connection.scalar(window.offset(WINDOW - 1).limit(1))
        if end is not None:
            conditions.append(_L.license_id <= end)
    question = ALL_NOW.where(*conditions).order_by(_L.license_id).limit(limit)
    rows = await connection.execute(question, {"now": now})
    found = [stored_license(row) for row in rows]
    return found, (found[-1].license.license_id if len(found) == limit else end)


async def activations_page(
    connection: AsyncConnection, wanted: Filter, after: tuple[UUID, UUID] | None, limit: int
) -> Sequence[Activation]:
    """Give the next computers of licenses, by the ids of both. Ends don't matter here."""
    place = tuple_(_A.license_id, _A.activation_id)
    question = (
        select(*STORED)
        .join(licenses, _L.license_id == _A.license_id)
        .where(place > (after or (_FIRST, _FIRST)), *_conditions(wanted))
        .order_by(_A.license_id, _A.activation_id)
        .limit(limit)
    )
    return [activation_of(row) for row in await connection.execute(question)]


def _conditions(wanted: Filter) -> Sequence[ColumnElement[bool]]:
    equal = (
        (_L.order_token, wanted.order_token),
        (_L.status, wanted.status),
        (_L.product, wanted.product),
        (_L.policy, wanted.policy),
    )
    conditions = [column == value for column, value in equal if value is not None]
    if wanted.ids is not None:
        conditions.append(is_one_of(_L.license_id, wanted.ids))
    if wanted.may_end_before is not None:
        own = _L.expires_at < wanted.may_end_before
        counted = wanted.may_end_before > _COUNTED_END
        conditions.append(own | and_(_L.expires_at.is_(None), counted))
    if wanted.ends_after is not None:
        conditions.append(_L.expires_at.is_(None) | (_L.expires_at >= wanted.ends_after))
    if wanted.refused is not None:
        theirs = and_(_R.license_id == _L.license_id, _R.code == wanted.refused)
        conditions.append(select(_R.license_id).where(theirs).exists())
    return conditions
