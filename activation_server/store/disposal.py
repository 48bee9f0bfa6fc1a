"""What is due to go, class by class: counted, and disposed of in bounded batches.

A batch picks its rows with a lock and passes over those that somebody else has: it waits for no
check-in. It says where the next one begins; `None` when nothing is left.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    delete,
    false,
    func,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.retention import Due
from activation_server.store.holds import held
from activation_server.store.tables import (
    activations,
    api_tokens,
    computers,
    events,
    legal_holds,
    person_computers,
    refusals,
    staff,
    staff_sessions,
    tool_answers,
)

BATCH = 1000
PAGE = 5000  # of a table that is walked whole
NETWORK: Final = "network"
REDUCED: Final = b""  # in place of what told a retry
Cursor = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """What is due: clocks that were started before `cutoff`; and the time of the run."""

    cutoff: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """How much a batch disposed of, and where the next one begins."""

    gone: int
    next: Cursor | None = None


class Part(Protocol):
    """How the rows of a class in one table are counted and disposed of."""

    async def due(self, connection: AsyncConnection, moment: Moment) -> Due:
        """Count what is due, and what of it is held."""

    async def dispose(
        self, connection: AsyncConnection, moment: Moment, after: Cursor | None
    ) -> Batch:
        """Dispose of a batch, beginning where the last one said."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows whose clock stands in a column: deleted, or reduced by writing `values`."""

    table: Table
    clock: ColumnElement[datetime]
    license_id: ColumnElement[UUID] | None  # none: of no license, so nobody holds it
    person_id: ColumnElement[UUID] | None = None
    values: Mapping[str, Any] | None = None
    only: ColumnElement[bool] = field(default_factory=true)
    without_clock: bool = False  # rows whose clock was never started go at any time

    async def due(self, connection: AsyncConnection, moment: Moment) -> Due:
        """Count what is due, and what of it is held."""
        return await counted(
            connection, self.table, self.clock, self._is_old(moment), self._is_held(moment)
        )

    async def dispose(
        self, connection: AsyncConnection, moment: Moment, _after: Cursor | None
    ) -> Batch:
        """Dispose of a batch."""
        rows = picked(self.table, self.is_due(moment))
        statement = (
            delete(self.table).where(rows)
            if self.values is None
            else update(self.table).where(rows).values(self.values)
        )
        gone = (await connection.execute(statement)).rowcount
        return Batch(gone, () if gone == BATCH else None)

    def is_due(self, moment: Moment) -> ColumnElement[bool]:
        """Whether a row is to go: it is old, and nobody holds it."""
        return self._is_old(moment) & ~self._is_held(moment)

    def _is_old(self, moment: Moment) -> ColumnElement[bool]:
        old = self.clock < moment.cutoff
        return and_(self.only, or_(old, self.clock.is_(None)) if self.without_clock else old)

    def _is_held(self, moment: Moment) -> ColumnElement[bool]:
        if self.license_id is None:
            return false()
        return held(self.license_id, moment.now.date(), self.person_id)


async def counted(
    connection: AsyncConnection,
    table: Table,
    clock: ColumnElement[datetime],
    is_due: ColumnElement[bool],
    is_held: ColumnElement[bool],
    parameters: Mapping[str, object] | None = None,
) -> Due:
    """Count what is due of a table, apart from what is held."""
    question = select(
        func.count().filter(~is_held),
        func.min(clock).filter(~is_held),
        func.count().filter(is_held),
    ).select_from(table)
    free, oldest, kept = (await connection.execute(question.where(is_due), parameters)).one()
    return Due(free, oldest, kept)


def picked(table: Table, is_due: ColumnElement[bool]) -> ColumnElement[bool]:
    """Pick a batch of rows by their primary key, locked; what others have locked is passed over."""
    key = list(table.primary_key.columns)
    some = select(*key).where(is_due).limit(BATCH).with_for_update(skip_locked=True)
    return tuple_(*key).in_(some)


_A, _C, _D, _H, _R = (
    each.c for each in (activations, person_computers, computers, legal_holds, refusals)
)

COMMENTS: Final = Rows(
    person_computers,
    _C.commented_at,
    _C.license_id,
    _C.person_id,
    values={"comments": None, "commented_at": None},
)
SEATS: Final = Rows(activations, _A.removed_at, _A.license_id)
TRIALS: Final = Rows(computers, _D.trial_at, _D.trial_license_id, without_clock=True)
HOLDS: Final = Rows(
    legal_holds,
    func.least(_H.lifted_at, func.timezone("UTC", _H.until + func.make_interval(0, 0, 0, 1))),
    _H.license_id,
)
TOKENS: Final = Rows(
    api_tokens, func.least(api_tokens.c.revoked_at, api_tokens.c.expires_at), license_id=None
)
ANSWERS: Final = Rows(tool_answers, tool_answers.c.answered_at, license_id=None)
STAFF: Final = Rows(staff, staff.c.disabled_at, None)
SESSIONS: Final = Rows(staff_sessions, staff_sessions.c.ends_at, None)
REFUSALS: Final = Rows(refusals, _R.at, _R.license_id)
NETWORKS: Final = tuple(
    Rows(
        table,
        table.c.at,
        table.c.license_id,
        values={column: table.c[column].op("-")(NETWORK)},
        only=table.c[column].has_key(NETWORK),
    )
    for table, column in ((events, "details"), (refusals, "evidence"))
)


@dataclass(frozen=True, slots=True)
class Requests:
    """Last requests, page by page: an index on their age would cost every check-in.

    A random id stands in place of each one's, as the column is what retries are told by.
    """

    random_uuid: Callable[[], UUID]

    async def due(self, connection: AsyncConnection, moment: Moment) -> Due:
        """Count what is due, and what of it is held."""
        is_held = held(_A.license_id, moment.now.date())
        return await counted(connection, activations, _A.answered_at, _is_old(moment), is_held)

    async def dispose(
        self, connection: AsyncConnection, moment: Moment, after: Cursor | None
    ) -> Batch:
        """Reduce what is due of the next page."""
        key = tuple_(_A.license_id, _A.activation_id)
        page = key > (after or (UUID(int=0), UUID(int=0)))
        ids = select(_A.license_id, _A.activation_id)
        ordered = ids.where(page).order_by(_A.license_id, _A.activation_id)
        end = (await connection.execute(ordered.offset(PAGE - 1).limit(1))).one_or_none()
        if end is not None:
            page &= key <= tuple(end)
        due = page & _is_old(moment) & ~held(_A.license_id, moment.now.date())
        done = await connection.execute(
            update(activations)
            .where(key.in_(ids.where(due).with_for_update(skip_locked=True)))
            .values(request_id=self.random_uuid(), request_digest=REDUCED, nonce=REDUCED)
        )
        return Batch(done.rowcount, None if end is None else tuple(end))


def _is_old(moment: Moment) -> ColumnElement[bool]:
    return (_A.answered_at < moment.cutoff) & (_A.request_digest != REDUCED)
