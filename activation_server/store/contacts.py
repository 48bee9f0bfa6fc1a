"""People whom there was no contact with for long: found, kept where there was one, deleted.

A check-in writes nothing to a person's row, so its clock may lag behind: whoever seems due is
looked up among the check-ins, and the clock is set where there was one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.person import Role
from activation_server.rules.retention import Due
from activation_server.store.arrays import GIVEN_PAIRS, given_pairs, is_given
from activation_server.store.disposal import BATCH, SEATS, Batch, Cursor, Moment, counted
from activation_server.store.erasure import lock_computers
from activation_server.store.holds import held
from activation_server.store.people import try_lock_licenses
from activation_server.store.planning import trust_index, trust_planner
from activation_server.store.tables import activations, people, person_computers

_P, _C, _A = people.c, person_computers.c, activations.c
_KEY = tuple_(_P.license_id, _P.person_id)
_BEGINNING: Final = datetime(1, 1, 1, tzinfo=UTC)
AT_ONCE = 100  # people: a check-in that comes meanwhile waits for few of them

# Statements are made once: to make one takes as long as a few check-ins, and a run has very many.
_CUTOFF = bindparam("cutoff", type_=DateTime(timezone=True))
_NOW = bindparam("now", type_=DateTime(timezone=True))
_IS_HELD = held(_P.license_id, bindparam("today", type_=Date()), _P.person_id)

_OF_USER = (
    select(func.max(_A.answered_at))
    .join(
        person_computers,
        and_(_C.license_id == _A.license_id, _C.activation_id == _A.activation_id),
    )
    .where(_C.license_id == _P.license_id, _C.person_id == _P.person_id)
    .correlate(people)
    .scalar_subquery()
)
# Apps may tell nothing of who uses them: every check-in of a license is one of its buyer.
_OF_BUYER = (
    select(func.max(_A.answered_at))
    .where(_A.license_id == _P.license_id)
    .correlate(people)
    .scalar_subquery()
)
_LAST = func.greatest(_P.contacted_at, case((_P.role == Role.BUYER, _OF_BUYER), else_=_OF_USER))


def _is_old(clock: ColumnElement[object]) -> ColumnElement[bool]:
    return and_(_P.erased_at.is_(None), clock < _CUTOFF)


def _is_old_by_wish(clock: ColumnElement[object]) -> ColumnElement[bool]:
    wished = _NOW - func.make_interval(0, _P.keep_months)
    return and_(_P.erased_at.is_(None), _P.keep_months.is_not(None), clock < wished)


# A clock ran out, by the lifetime of the class or the person's own wish.
_IS_DUE = or_(_is_old(_LAST), _is_old_by_wish(_LAST))


def _candidates(is_old: ColumnElement[bool]) -> Select[tuple[UUID, UUID, datetime]]:
    after = bindparam("after", type_=DateTime(timezone=True))
    return (
        select(_P.license_id, _P.person_id, _P.contacted_at)
        .where(is_old, _P.contacted_at >= after, ~_IS_HELD)
        .order_by(_P.contacted_at)
        .limit(bindparam("at_once", type_=Integer()))
        .with_for_update(skip_locked=True)
    )


_CANDIDATES = _candidates(_is_old(_P.contacted_at))
_CANDIDATES_BY_WISH = _candidates(_is_old_by_wish(_P.contacted_at))

# Of some, under their locks: who is due goes. The next check-in of their computers, if one comes,
# is stored as new.
_GOING = (
    select(_P.license_id, _P.person_id)
    .where(_KEY.in_(GIVEN_PAIRS), _IS_DUE, ~_IS_HELD)
    .cte("going")
)
_FORGOTTEN = (
    update(activations)
    .where(
        _A.license_id == _C.license_id,
        _A.activation_id == _C.activation_id,
        _C.license_id == _GOING.c.license_id,
        _C.person_id == _GOING.c.person_id,
    )
    .values(told_digest=None)
    .cte("forgotten")
)
_DISPOSE = (
    delete(people)
    .where(_P.license_id == _GOING.c.license_id, _P.person_id == _GOING.c.person_id)
    .add_cte(_FORGOTTEN)
)
_SET_CLOCKS = update(people).where(_KEY.in_(GIVEN_PAIRS)).values(contacted_at=_LAST)


@dataclass(frozen=True, slots=True)
class Contacts:
    """People, with what is known of their computers.

    Those who `wished` for a lifetime of their own stand apart: each of the two has its index.
    """

    wished: bool = False

    async def due(self, connection: AsyncConnection, moment: Moment) -> Due:
        """Count who is due, and who of them is held."""
        is_old = _is_old_by_wish if self.wished else _is_old
        # Who is due by the lifetime too is counted there.
        once = _P.contacted_at >= _CUTOFF if self.wished else true()
        due = and_(is_old(_P.contacted_at), _IS_DUE, once)
        clock = _P.contacted_at
        await trust_index(connection)
        found = await counted(connection, people, clock, due, _IS_HELD, _parameters(moment))
        await trust_planner(connection)
        return found

    async def dispose(
        self, connection: AsyncConnection, moment: Moment, after: Cursor | None
    ) -> Batch:
        """Delete a batch of those who are due, and set the clocks of those who are not.

        The next batch begins at the clock where this one ended: it does not look again at what is
        gone.
        """
        parameters = _parameters(moment)
        await trust_index(connection)
        candidates = await connection.execute(
            _CANDIDATES_BY_WISH if self.wished else _CANDIDATES,
            {**parameters, "after": after[0] if after else _BEGINNING, "at_once": AT_ONCE},
        )
        found = candidates.all()
        locked = await try_lock_licenses(connection, {row.license_id for row in found})
        keys = [(row.license_id, row.person_id) for row in found if row.license_id in locked]
        following = (found[-1].contacted_at,) if len(found) == AT_ONCE else None
        if not keys:  # whoever is locked by somebody else just now goes with the next run
            return Batch(0, None if following == after else following)
        await lock_computers(connection, keys)  # waits for check-ins that go on right now
        # Asked for again, under the locks: a check-in that ended meanwhile counts, as does a hold.
        given = given_pairs(keys)
        gone = (await connection.execute(_DISPOSE, {**parameters, **given})).rowcount
        if gone < len(keys):
            await connection.execute(_SET_CLOCKS, given)
        return Batch(gone, following)


def _parameters(moment: Moment) -> Mapping[str, object]:
    return {"cutoff": moment.cutoff, "now": moment.now, "today": moment.now.date()}


_USERS = select(_C.license_id, _C.person_id).where(
    tuple_(_C.license_id, _C.activation_id).in_(GIVEN_PAIRS)
)
_BUYERS = and_(is_given(_P.license_id), _P.role == Role.BUYER)
_SET_CLOCKS_OF_SEATS = (
    update(people)
    .where(or_(_KEY.in_(_USERS), _BUYERS), _P.erased_at.is_(None), _P.contacted_at < _LAST)
    .values(contacted_at=_LAST)
)
_DELETE_SEATS = delete(activations).where(tuple_(_A.license_id, _A.activation_id).in_(GIVEN_PAIRS))


class Seats:
    """Seats that were given back. Their check-ins were contacts, which are kept with the people."""

    async def due(self, connection: AsyncConnection, moment: Moment) -> Due:
        """Count what is due, and what of it is held."""
        return await SEATS.due(connection, moment)

    async def dispose(
        self, connection: AsyncConnection, moment: Moment, _after: Cursor | None
    ) -> Batch:
        """Delete a batch, after the clocks of its people are set."""
        await trust_index(connection)
        found = await connection.execute(
            select(_A.license_id, _A.activation_id)
            .where(SEATS.is_due(moment))
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        keys = [(row.license_id, row.activation_id) for row in found]
        licenses = list({license_id for license_id, _ in keys})
        await connection.execute(_SET_CLOCKS_OF_SEATS, {**given_pairs(keys), "ids": licenses})
        await connection.execute(_DELETE_SEATS, given_pairs(keys))
        return Batch(len(keys), () if len(keys) == BATCH else None)
