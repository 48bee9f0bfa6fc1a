"""What the overview counts: few questions, each of which is stopped before it is in anybody's way.

Each looks through a table once, so it takes as long as the table is large.
"""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, TypeVar

from sqlalchemy import (
    ColumnElement,
    Date,
    Row,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.history import EventKind
from activation_server.rules.license import Status
from activation_server.rules.overview import Computers, Found, Listed, Refusals, Sold
from activation_server.rules.reasons import Reason
from activation_server.store.database import is_too_slow
from activation_server.store.tables import activations, events, licenses, refusals
from activation_server.store.terms_in_force import ENDS, GRACE_DAYS, IS_TRIAL, SEATS, with_terms

LONGEST: Final = 4000  # milliseconds that a question may take
_GROUPS: Final = 40  # of each kind: more than there are days, months, or versions that are shown
MOST_COMPUTERS: Final = 250_000  # that are looked at: of more, some of the table's pages
_CANDIDATES: Final = 500  # licenses with the most activations that are looked at
_RESTRAINED: Final = text(
    "SELECT set_config('transaction_read_only', 'on', true),"
    " set_config('statement_timeout', :longest, true),"
    " set_config('lock_timeout', '500', true),"
    " set_config('max_parallel_workers_per_gather', '0', true)"  # one processor is enough
)
_E, _L, _R = (each.c for each in (events, licenses, refusals))
Result = TypeVar("Result")


async def bounded(
    connection: AsyncConnection,
    question: Callable[[AsyncConnection], Awaitable[Result]],
    longest: int = LONGEST,
) -> Result | None:
    """Ask something that changes nothing; gives `None` where the answer takes too long."""
    try:
        async with connection.begin_nested():
            await connection.execute(_RESTRAINED, {"longest": str(longest)})
            return await question(connection)
    except DBAPIError as error:
        if is_too_slow(error):
            return None
        raise


async def computers(
    connection: AsyncConnection,
    now: datetime,
    month: date,
    day: datetime,
    most: int = MOST_COMPUTERS,
) -> Computers:
    """Count computers by everything at once, in one pass: months since one, days since one.

    Of very many, one in so many is looked at, by a sample of the table's pages.
    """
    one_in = await _one_in(connection, most)
    rows = (await connection.execute(_by_everything(now, month, day, one_in))).all()
    found: dict[int, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.kind, []).append(row)
    joined, left, seen, versions, systems, everything = (found.get(kind, []) for kind in _KINDS)
    return Computers(
        active=sum(row.active * one_in for row in everything),
        joined={row.joined: row.all * one_in for row in joined},
        left={row.left: row.all * one_in for row in left if row.left is not None},
        last_seen={row.seen: row.active * one_in for row in seen if row.active},
        versions={row.app_version: row.active * one_in for row in versions if row.active},
        systems={row.os_family: row.active * one_in for row in systems if row.active},
        one_in=one_in,
    )


async def _one_in(connection: AsyncConnection, most: int) -> int:
    """Tell of how many computers to look at one, by how many PostgreSQL thinks there are."""
    question = text("SELECT reltuples FROM pg_class WHERE oid = 'activations'::regclass")
    computers_: float = (await connection.execute(question)).scalar_one()
    return max(1, math.ceil(computers_ / most))


# What GROUPING says of the five columns: a bit for each that is not grouped by.
_KINDS: Final = (0b01111, 0b10111, 0b11011, 0b11101, 0b11110, 0b11111)


def _by_everything(now: datetime, month: date, day: datetime, one_in: int) -> Select[Any]:
    looked_at = activations if one_in == 1 else activations.tablesample(func.system(100 / one_in))
    computer = looked_at.c
    freed = or_(computer.lapsed, computer.leased_until <= now)
    left_at = case(
        (computer.removed_at.is_not(None), computer.removed_at),
        (freed, func.least(computer.leased_until, now)),
    )
    each = select(
        func.greatest(_month(computer.activated_at), literal(month, Date)).label("joined"),
        func.greatest(_month(left_at), case((left_at.is_not(None), literal(month, Date)))).label(
            "left"
        ),
        case((computer.answered_at >= day, _day(computer.answered_at))).label("seen"),
        computer.app_version,
        computer.os_family,
        left_at.is_(None).label("is_active"),
    ).subquery("each")
    columns = (each.c.joined, each.c.left, each.c.seen, each.c.app_version, each.c.os_family)
    kind = func.grouping(*columns).label("kind")
    active = func.count().filter(each.c.is_active).label("active")
    counted = (
        select(kind, *columns, func.count().label("all"), active)
        .group_by(func.grouping_sets(*(tuple_(one) for one in columns), tuple_()))
        .subquery("counted")
    )
    place = func.row_number().over(partition_by=counted.c.kind, order_by=counted.c.active.desc())
    ranked = select(counted, place.label("place")).subquery("ranked")
    return select(ranked).where(ranked.c.place <= _GROUPS)


async def activations_by_day(connection: AsyncConnection, since: datetime) -> Mapping[date, int]:
    """Count computers by the day on which they were activated, as the history has it."""
    day = _day(_E.at).label("day")
    lately = select(day).where(_E.at >= since, _E.kind == EventKind.ACTIVATED).subquery()
    question = select(lately.c.day, func.count()).group_by(lately.c.day)
    return {row[0]: row[1] for row in await connection.execute(question)}


async def sold(connection: AsyncConnection, now: datetime, limit: int) -> Sequence[Sold]:
    """Count the seats of licenses that are good, by product; trials are left out."""
    stop = ENDS + func.make_interval(0, 0, 0, GRACE_DAYS)
    is_good = and_(_L.status == Status.ACTIVE, ~IS_TRIAL, func.coalesce(stop > now, true()))
    terms = with_terms(_L.product, _L.seats_used, SEATS.label("seats")).where(is_good)
    each = terms.cte("each").prefix_with("MATERIALIZED")
    limited = each.c.seats.is_not(None)
    used = func.coalesce(func.sum(each.c.seats_used).filter(limited), 0)
    question = (
        select(
            each.c.product,
            func.count().filter(limited),
            func.coalesce(func.sum(each.c.seats), 0),
            used,
            func.count().filter(~limited),
            func.coalesce(func.sum(each.c.seats_used).filter(~limited), 0),
        )
        .group_by(each.c.product)
        .order_by(func.sum(each.c.seats_used).desc(), each.c.product)
        .limit(limit)
    )
    return [Sold(*row) for row in await connection.execute(question)]


async def refused(connection: AsyncConnection, since: datetime) -> Sequence[Refusals]:
    """Count what was refused lately, by reason."""
    licenses_ = func.count()
    question = (
        select(_R.code, licenses_, func.sum(_R.times))
        .where(_R.at >= since)
        .group_by(_R.code)
        .order_by(licenses_.desc(), _R.code)
    )
    return [Refusals(*row) for row in await connection.execute(question)]


async def ending(connection: AsyncConnection, now: datetime, until: datetime, limit: int) -> Found:
    """Find licenses that end in between; trials are left out."""
    soon = and_(_L.status == Status.ACTIVE, ~IS_TRIAL, now <= ENDS, until > ENDS)
    listed = _listed(literal(0).label("count"), ENDS.label("at")).where(soon)
    return await _found(connection, listed.order_by(ENDS, _L.license_id), limit)


async def most_activated(
    connection: AsyncConnection, since: datetime, least: int
) -> Sequence[Listed]:
    """Give licenses with at least so many activations since then, those with the most first."""
    count = func.count().label("count")
    many = (
        select(_E.license_id, count)
        .where(_E.at >= since, _E.kind == EventKind.ACTIVATED)
        .group_by(_E.license_id)
        .having(count >= least)
        .order_by(count.desc(), _E.license_id)
        .limit(_CANDIDATES)
        .subquery("many")
    )
    question = (
        _listed(many.c.count, literal(None).label("at"))
        .join(many, many.c.license_id == _L.license_id)
        .order_by(many.c.count.desc(), _L.license_id)
    )
    return [Listed(*row) for row in await connection.execute(question)]


async def most_refused(
    connection: AsyncConnection, since: datetime, least: int, limit: int
) -> Found:
    """Find licenses that had no seat free for very many calls, the last one since then."""
    much = and_(_R.code == Reason.SEAT_LIMIT_REACHED, _R.at >= since, _R.times >= least)
    question = (
        _listed(_R.times.label("count"), _R.at)
        .join(refusals, _R.license_id == _L.license_id)
        .where(much)
        .order_by(_R.times.desc(), _L.license_id)
    )
    return await _found(connection, question, limit)


async def cloned(connection: AsyncConnection, since: datetime, limit: int) -> Found:
    """Find licenses with computers that were taken for copies since then, the latest first."""
    seen = (
        select(_E.license_id, func.count().label("count"), func.max(_E.at).label("at"))
        .where(_E.at >= since, _E.kind == EventKind.CLONE_SUSPECTED)
        .group_by(_E.license_id)
        .subquery("seen")
    )
    question = (
        _listed(seen.c.count, seen.c.at)
        .join(seen, seen.c.license_id == _L.license_id)
        .order_by(seen.c.at.desc(), _L.license_id)
    )
    return await _found(connection, question, limit)


async def _found(connection: AsyncConnection, listed: Select[Any], limit: int) -> Found:
    """Ask for the first of a list, and how long it is."""
    question = listed.add_columns(func.count().over()).limit(limit)
    rows = (await connection.execute(question)).all()
    return Found(rows[0][-1] if rows else 0, [Listed(*row[:-1]) for row in rows])


def _listed(count: ColumnElement[int], at: ColumnElement[Any]) -> Select[Any]:
    return with_terms(_L.license_id, _L.key_tail, _L.product, SEATS.label("seats"), count, at)


def _day(moment: ColumnElement[datetime]) -> ColumnElement[date]:
    return cast(func.timezone("UTC", moment), Date)


def _month(moment: ColumnElement[datetime]) -> ColumnElement[date]:
    return cast(func.date_trunc("month", func.timezone("UTC", moment)), Date)
