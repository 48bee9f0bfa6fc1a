"""People whom there was no contact with for long: found, kept where there was one, deleted.

A check-in writes nothing to a person's row, so its clock may lag behind: whoever seems due is
looked up among the check-ins, and the clock is set where there was one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.person import Role
from activation_server.rules.retention import Due
from activation_server.store.arrays import pairs
from activation_server.store.disposal import BATCH, SEATS, Batch, Cursor, Moment, counted
from activation_server.store.erasure import lock_computers
from activation_server.store.holds import held
from activation_server.store.people import try_lock_licenses
from activation_server.store.tables import activations, people, person_computers

_P, _C, _A = people.c, person_computers.c, activations.c
_KEY = tuple_(_P.license_id, _P.person_id)
AT_ONCE = 100  # people: a check-in that comes meanwhile waits for few of them

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


@dataclass(frozen=True, slots=True)
class Contacts:
    """People, with what is known of their computers.

    Those who `wished` for a lifetime of their own stand apart: each of the two has its index.
    """

    wished: bool = False

    async def due(self, connection: AsyncConnection, moment: Moment) -> Due:
        """Count who is due, and who of them is held."""
        due = and_(
            self._is_old(_P.contacted_at, moment),
            _is_due(_LAST, moment),
            # Who is due by the lifetime too is counted there.
            _P.contacted_at >= moment.cutoff if self.wished else true(),
        )
        return await counted(connection, people, _P.contacted_at, due, _is_held(moment))

    async def dispose(
        self, connection: AsyncConnection, moment: Moment, after: Cursor | None
    ) -> Batch:
        """Delete a batch of those who are due, and set the clocks of those who are not.

        The next batch begins at the clock where this one ended: it does not look again at what is
        gone.
        """
        is_next = _P.contacted_at >= after[0] if after else true()
        candidates = await connection.execute(
            select(_P.license_id, _P.person_id, _P.contacted_at)
            .where(self._is_old(_P.contacted_at, moment), is_next, ~_is_held(moment))
            .order_by(_P.contacted_at)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        found = candidates.all()
        locked = await try_lock_licenses(connection, {row.license_id for row in found})
        keys = [(row.license_id, row.person_id) for row in found if row.license_id in locked]
        if not keys:
            return Batch(0)
        await lock_computers(connection, keys)  # waits for check-ins that go on right now
        # Asked for again, under the locks: a check-in that ended meanwhile counts, as does a hold.
        due = and_(_KEY.in_(pairs(keys)), _is_due(_LAST, moment), ~_is_held(moment))
        going = await connection.execute(select(_P.license_id, _P.person_id).where(due))
        await _forget_what_was_told(connection, [(one, other) for one, other in going])
        gone = await connection.execute(delete(people).where(due))
        await connection.execute(
            update(people).where(_KEY.in_(pairs(keys))).values(contacted_at=_LAST)
        )
        return Batch(gone.rowcount, (found[-1].contacted_at,) if len(found) == AT_ONCE else None)

    def _is_old(self, clock: ColumnElement[object], moment: Moment) -> ColumnElement[bool]:
        return _is_old_by_wish(clock, moment) if self.wished else _is_old(clock, moment)


async def _forget_what_was_told(
    connection: AsyncConnection, keys: Sequence[tuple[UUID, UUID]]
) -> None:
    """Let the next check-in of their computers, if one comes, be stored as new."""
    theirs = select(_C.license_id, _C.activation_id).where(
        tuple_(_C.license_id, _C.person_id).in_(pairs(keys))
    )
    await connection.execute(
        update(activations)
        .where(tuple_(_A.license_id, _A.activation_id).in_(theirs))
        .values(told_digest=None)
    )


class Seats:
    """Seats that were given back. Their check-ins were contacts, which are kept with the people."""

    async def due(self, connection: AsyncConnection, moment: Moment) -> Due:
        """Count what is due, and what of it is held."""
        return await SEATS.due(connection, moment)

    async def dispose(
        self, connection: AsyncConnection, moment: Moment, _after: Cursor | None
    ) -> Batch:
        """Delete a batch, after the clocks of its people are set."""
        found = await connection.execute(
            select(_A.license_id, _A.activation_id)
            .where(SEATS.is_due(moment))
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        keys = [(row.license_id, row.activation_id) for row in found]
        users = select(_C.license_id, _C.person_id).where(
            tuple_(_C.license_id, _C.activation_id).in_(pairs(keys))
        )
        of_license = _P.license_id.in_({license_id for license_id, _ in keys})
        theirs = or_(_KEY.in_(users), and_(of_license, _P.role == Role.BUYER))
        behind = and_(_P.erased_at.is_(None), _P.contacted_at < _LAST)
        await connection.execute(update(people).where(theirs, behind).values(contacted_at=_LAST))
        await connection.execute(
            delete(activations).where(tuple_(_A.license_id, _A.activation_id).in_(pairs(keys)))
        )
        return Batch(len(keys), () if len(keys) == BATCH else None)


def _is_due(clock: ColumnElement[object], moment: Moment) -> ColumnElement[bool]:
    """Whether a clock ran out, by the lifetime of the class or the person's own wish."""
    return or_(_is_old(clock, moment), _is_old_by_wish(clock, moment))


def _is_old(clock: ColumnElement[object], moment: Moment) -> ColumnElement[bool]:
    return and_(_P.erased_at.is_(None), clock < moment.cutoff)


def _is_old_by_wish(clock: ColumnElement[object], moment: Moment) -> ColumnElement[bool]:
    wished = moment.now - func.make_interval(0, _P.keep_months)
    return and_(_P.erased_at.is_(None), _P.keep_months.is_not(None), clock < wished)


def _is_held(moment: Moment) -> ColumnElement[bool]:
    return held(_P.license_id, moment.now.date(), _P.person_id)
