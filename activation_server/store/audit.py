"""The audit log at rest: appended to under its head's lock, read in order, never updated."""

import json
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.audit import Action, Chained, Checkpoint, Entry, Link, Wanted
from activation_server.store import partitions
from activation_server.store.tables import audit_checkpoints, audit_head, audit_log

BATCH = 1000

_L, _C = audit_log.c, audit_checkpoints.c
_HEAD: Final = select(audit_head.c.seq, audit_head.c.at, audit_head.c.digest)
_HEAD_LOCKED: Final = _HEAD.with_for_update()


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A checkpoint as signed, and when it was made."""

    seq: int
    made_at: datetime
    jws: str


async def lock_head(connection: AsyncConnection) -> Link:
    """Give the end of the chain, locked: until the commit nobody else appends."""
    return Link(*(await connection.execute(_HEAD_LOCKED)).one())


async def head(connection: AsyncConnection) -> Link | None:
    """Give the end of the chain; none where somebody took its row away."""
    row = (await connection.execute(_HEAD)).one_or_none()
    return None if row is None else Link(*row)


_APPENDED = (
    insert(audit_log)
    .values({column.name: bindparam(column.name) for column in _L})
    .returning(_L.seq, _L.at, _L.digest)
    .cte("appended")
)
_APPEND: Final = (
    update(audit_head)
    .where(audit_head.c.seq + 1 == _APPENDED.c.seq)
    .values({"seq": _APPENDED.c.seq, "at": _APPENDED.c.at, "digest": _APPENDED.c.digest})
)


async def append(connection: AsyncConnection, new: Chained) -> None:
    """Append an entry to the chain, whose head is locked."""
    entry = new.entry
    values = {
        "at": entry.at,
        "seq": entry.seq,
        "who": entry.who,
        "action": entry.action,
        "license_id": entry.license_id,
        "subject": entry.subject,
        "details": json.dumps(dict(entry.details), sort_keys=True),
        "why_sealed": entry.why_sealed,
        "previous": new.previous,
        "digest": new.digest,
    }
    await connection.execute(_APPEND, values)


async def newest(connection: AsyncConnection, wanted: Wanted) -> Sequence[Entry]:
    """Give the entries that are asked for, newest first."""
    question = select(audit_log).order_by(_L.at.desc(), _L.seq.desc()).limit(wanted.limit)
    if wanted.license_ids is not None:
        question = question.where(_L.license_id.in_(wanted.license_ids))
    if wanted.who is not None:
        question = question.where(_L.who == wanted.who)
    if wanted.action is not None:
        question = question.where(_L.action == wanted.action)
    if wanted.since is not None:
        question = question.where(_L.at >= wanted.since)
    if wanted.until is not None:
        question = question.where(_L.at < wanted.until)
    if wanted.before is not None:
        question = question.where(tuple_(_L.at, _L.seq) < (wanted.before.at, wanted.before.seq))
    return [_chained(row).entry for row in await connection.execute(question)]


async def begin_reading(connection: AsyncConnection) -> None:
    """Let the whole transaction see the log as it is at one moment, and take its time."""
    await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    await connection.execute(text("SET LOCAL statement_timeout = '10min'"))


async def in_order(connection: AsyncConnection) -> AsyncGenerator[Sequence[Chained]]:
    """Give the whole log in batches, by number."""
    question = select(audit_log).order_by(_L.seq, _L.at).execution_options(yield_per=BATCH)
    async with connection.stream(question) as rows:
        async for batch in rows.partitions():
            yield [_chained(row) for row in batch]


async def last_before(connection: AsyncConnection, moment: datetime) -> Link | None:
    """Give the last entry from before a moment."""
    rows = await connection.execute(
        select(_L.seq, _L.at, _L.digest)
        .where(_L.at < moment)
        .order_by(_L.at.desc(), _L.seq.desc())
        .limit(1)
    )
    row = rows.one_or_none()
    return None if row is None else Link(*row)


async def count_before(connection: AsyncConnection, moment: datetime) -> int:
    """Count the entries from before a moment."""
    question = select(func.count()).select_from(audit_log).where(_L.at < moment)
    return (await connection.execute(question)).scalar_one()


async def count_of(
    connection: AsyncConnection, who: Collection[str], action: Action, since: datetime
) -> int:
    """Count what some did together since a moment."""
    question = select(func.count()).select_from(audit_log)
    done = question.where(_L.at >= since, _L.who.in_(who), _L.action == action)
    return (await connection.execute(done)).scalar_one()


async def first_at(connection: AsyncConnection) -> datetime | None:
    """Give the time of the oldest entry."""
    question = select(func.min(audit_log.c.at))
    first: datetime | None = (await connection.execute(question)).scalar_one()
    return first


async def drop_before(connection: AsyncConnection, month: datetime) -> None:
    """Drop the months before the one that begins then."""
    await partitions.drop_before(connection, audit_log.name, month)


async def put_checkpoint(connection: AsyncConnection, checkpoint: Checkpoint, jws: str) -> None:
    """Keep a checkpoint, in place of another one of the same entry."""
    values = {"made_at": checkpoint.made_at, "jws": jws}
    new = insert(audit_checkpoints).values(seq=checkpoint.link.seq, **values)
    await connection.execute(new.on_conflict_do_update(index_elements=[_C.seq], set_=values))


async def checkpoints(connection: AsyncConnection) -> Sequence[StoredCheckpoint]:
    """Give all checkpoints, oldest first."""
    rows = await connection.execute(select(_C.seq, _C.made_at, _C.jws).order_by(_C.seq))
    return [StoredCheckpoint(*row) for row in rows]


async def last_checkpoint(connection: AsyncConnection) -> StoredCheckpoint | None:
    """Give the checkpoint that covers most."""
    rows = await connection.execute(
        select(_C.seq, _C.made_at, _C.jws).order_by(_C.seq.desc()).limit(1)
    )
    row = rows.one_or_none()
    return None if row is None else StoredCheckpoint(*row)


async def drop_checkpoints_before(connection: AsyncConnection, seq: int) -> None:
    """Drop the checkpoints of entries that are gone."""
    await connection.execute(delete(audit_checkpoints).where(_C.seq < seq))


def _chained(row: Row[*tuple[Any, ...]]) -> Chained:
    entry = Entry(
        seq=row.seq,
        at=row.at,
        who=row.who,
        action=row.action,
        license_id=row.license_id,
        subject=row.subject,
        details=_details(row.details),
        why_sealed=row.why_sealed,
    )
    return Chained(entry, row.previous, row.digest)


def _details(stored: str) -> dict[str, Any]:
    """Read details; what the log never writes is read as something that no digest fits."""
    try:
        details = json.loads(stored)
    except ValueError:
        details = stored
    return details if isinstance(details, dict) else {"unreadable": details}
