"""How long classes are kept where an operator chose, and the review records of runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, cast, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONPATH, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.retention import PAUSED, Lifetime, Run, Unit
from activation_server.store.tables import retention_lifetimes, retention_runs

ALONE_LOCK = 7_305_226_923  # any number that is this project's own
_L, _R = retention_lifetimes.c, retention_runs.c


async def chosen(connection: AsyncConnection) -> Mapping[str, Lifetime]:
    """Give the lifetimes that an operator chose, by class."""
    rows = await connection.execute(select(_L.name, _L.count, _L.unit))
    return {name: Lifetime(count, Unit(unit)) for name, count, unit in rows}


async def lock_chosen(connection: AsyncConnection) -> None:
    """Let nobody else choose until this transaction has ended; a default has no row to lock."""
    await connection.execute(text("LOCK TABLE retention_lifetimes IN SHARE ROW EXCLUSIVE MODE"))


async def take_time(connection: AsyncConnection) -> None:
    """Let what is asked in this transaction take its time: nobody waits for it, nor locks for it.

    Among very many rows to count what is due takes longer than a statement may that somebody waits
    for. One processor is enough.
    """
    await connection.execute(
        text(
            "SELECT set_config('statement_timeout', '10min', true),"
            " set_config('max_parallel_workers_per_gather', '0', true)"
        )
    )


async def choose(
    connection: AsyncConnection, name: str, lifetime: Lifetime | None, now: datetime
) -> None:
    """Write how long a class is kept; `None` for the default."""
    if lifetime is None:
        await connection.execute(delete(retention_lifetimes).where(_L.name == name))
        return
    values = {"count": lifetime.count, "unit": lifetime.unit, "set_at": now}
    new = insert(retention_lifetimes).values(name=name, **values)
    await connection.execute(new.on_conflict_do_update(index_elements=[_L.name], set_=values))


async def begin_run(connection: AsyncConnection, run: Run) -> None:
    """Open a review record."""
    await connection.execute(
        insert(retention_runs).values(
            run_id=run.run_id, began_at=run.began_at, by=run.by, classes=dict(run.classes)
        )
    )


_SAVE_RUN: Final = (
    update(retention_runs)
    .where(_R.run_id == bindparam("of_run"))
    .values(classes=bindparam("classes"), ended_at=bindparam("ended_at"))
)


async def save_run(
    connection: AsyncConnection,
    run_id: UUID,
    classes: Mapping[str, Any],
    ended_at: datetime | None = None,
) -> None:
    """Write how far a run is."""
    values = {"of_run": run_id, "classes": dict(classes), "ended_at": ended_at}
    await connection.execute(_SAVE_RUN, values)


async def run(connection: AsyncConnection, run_id: UUID) -> Run | None:
    """Give one review record."""
    question = select(_R.run_id, _R.began_at, _R.ended_at, _R.by, _R.classes)
    row = (await connection.execute(question.where(_R.run_id == run_id))).one_or_none()
    return None if row is None else Run(*row)


async def runs(connection: AsyncConnection, limit: int) -> Sequence[Run]:
    """Give the newest review records, newest first."""
    rows = await connection.execute(
        select(_R.run_id, _R.began_at, _R.ended_at, _R.by, _R.classes)
        .order_by(_R.began_at.desc(), _R.run_id)
        .limit(limit)
    )
    return [Run(*row) for row in rows]


async def last_finished(connection: AsyncConnection) -> datetime | None:
    """Give when the newest run began that came to its end, and left nothing for the next one."""
    paused = func.jsonb_path_exists(_R.classes, cast(f'$.* ? (@.why == "{PAUSED}")', JSONPATH))
    question = (
        select(_R.began_at)
        .where(_R.ended_at.is_not(None), ~paused)
        .order_by(_R.began_at.desc())
        .limit(1)
    )
    return (await connection.execute(question)).scalar_one_or_none()
