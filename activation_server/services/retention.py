"""Retention: what is due to go, class by class, and the runs that dispose of it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from activation_server.rules import retention as rules
from activation_server.rules.audit import Action
from activation_server.rules.errors import ChangedMeanwhileError, OperatorError, UnavailableError
from activation_server.rules.retention import CLASSES, Due, Lifetime, Retention, Run
from activation_server.services import audit, over_licenses
from activation_server.services.context import Context
from activation_server.store import audit as log
from activation_server.store import disposal
from activation_server.store import retention as store
from activation_server.store.contacts import Contacts, Seats
from activation_server.store.database import Connection
from activation_server.store.disposal import Batch, Cursor, Moment, Part
from activation_server.store.old_months import OldMonths
from activation_server.store.partitions import month_of

# The server runs by itself after so long: with the hour between its looks, within a day.
DAILY: Final = timedelta(hours=22)
REVIEWS = 1000
REST: Final = timedelta(seconds=5)  # at most, should the clock be set meanwhile
_OVER: Final = object()


@dataclass(frozen=True, slots=True)
class Kept:
    """How long a class is kept, and what of it is due to go."""

    of_class: Retention
    lifetime: Lifetime
    is_default: bool
    due: Due = field(default_factory=Due)

    @property
    def version(self) -> str:
        """Give the version of what operators choose of it."""
        return f"{self.lifetime.count}-{self.lifetime.unit.value}"


@dataclass(slots=True)
class _Review:
    """What a run tells of one class."""

    due: int = 0
    gone: int = 0
    held: int = 0
    waiting: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class _OldEntries:
    """The months of the audit log: a signed checkpoint stays where they were."""

    context: Context

    async def due(self, connection: Connection, moment: Moment) -> Due:
        """Count the entries of months that are due."""
        count = await log.count_before(connection, month_of(moment.cutoff))
        return Due(count, await log.first_at(connection) if count else None)

    async def dispose(self, connection: Connection, moment: Moment, _after: Cursor | None) -> Batch:
        """Drop them."""
        return Batch(await audit.forget(self.context, connection, month_of(moment.cutoff)))


# Told the class, how much of it is gone, and how much is due.
Progress = Callable[[str, int, int], None]


async def lifetimes(context: Context) -> list[Kept]:
    """Give how long each class is kept."""
    return await context.database.transact(_lifetimes)


async def _lifetimes(connection: Connection) -> list[Kept]:
    chosen = await store.chosen(connection)
    return [
        Kept(CLASSES[name], lifetime, name not in chosen)
        for name, lifetime in rules.lifetimes(chosen).items()
        if CLASSES[name].has_run
    ]


async def choose(
    context: Context, name: str, lifetime: Lifetime | None, reason: str | None = None
) -> list[Kept]:
    """Set how long a class is kept, `None` for the default; give all. Raises OperatorError."""
    of_class = rules.class_to_set(name)
    if lifetime is not None:
        rules.check_choice(of_class, lifetime)

    async def work(connection: Connection) -> None:
        before = rules.lifetimes(await store.chosen(connection))[of_class.name]
        after = lifetime or of_class.lifetime
        if before == after:
            return
        await store.choose(connection, of_class.name, lifetime, context.now())
        details = {"from": str(before), "to": str(after)}
        await audit.note(
            context,
            connection,
            Action.RETENTION_SET,
            subject=of_class.name,
            details=details,
            why=reason,
        )

    await context.database.transact(work)
    return await lifetimes(context)


async def preview_of(context: Context, name: str) -> Kept:
    """Count what of one class is due, and change nothing. Raises OperatorError."""
    of_class = rules.class_to_set(name)
    [kept] = [each for each in await lifetimes(context) if each.of_class is of_class]
    return replace(kept, due=await _count(context, kept, context.now(), patient=False))


async def set_as_seen(
    context: Context,
    name: str,
    lifetime: Lifetime | None,
    *,
    reason: str,
    seen: Collection[str] | None,
) -> tuple[Kept, Kept]:
    """Set how long a class is kept, if it is one of the versions `seen`; give before and after.

    `None`: whichever it is. Raises OperatorError, ChangedMeanwhileError.
    """

    async def work(connection: Connection) -> tuple[Kept, Kept]:
        within = context.within(connection)
        await store.lock_chosen(connection)
        before = await preview_of(within, name)
        if seen is not None and before.version not in seen:
            raise ChangedMeanwhileError("Somebody set this lifetime meanwhile; read it again.")
        await choose(within, name, lifetime, reason)
        return before, await preview_of(within, name)

    return await context.database.transact(work)


async def preview(context: Context, *, patient: bool = False) -> Sequence[Kept]:
    """Count what is due, and change nothing; `patient`: however long it takes."""
    return await _count_all(context, context.now(), patient=patient)


async def run(
    context: Context,
    progress: Progress,
    *,
    at_most: timedelta | None = None,
    reason: str | None = None,
) -> Run:
    """Dispose of everything that is due; one run at a time, which may be killed at any point.

    One that may take so long `at_most` begins no batch after that, and leaves the rest to the next
    one. Raises OperatorError when another one runs.
    """
    until = None if at_most is None else context.clock() + at_most
    async with context.database.alone(store.ALONE_LOCK) as mine:
        if not mine:
            raise OperatorError("A retention run is under way already; wait for its end.")
        return await _run(context, progress, until, reason)


async def run_daily(context: Context) -> Run | None:
    """Run, unless somebody did within a day, or does."""
    last = await context.database.transact(store.last_finished)
    if last is not None and context.now() - last < DAILY:
        return None
    async with context.database.alone(store.ALONE_LOCK) as mine:
        return await _run(context, lambda *_told: None) if mine else None


async def reviews(context: Context, limit: int = REVIEWS) -> Sequence[Run]:
    """Give the review records, newest first."""

    async def work(connection: Connection) -> Sequence[Run]:
        return await store.runs(connection, limit)

    return await context.database.transact(work)


async def _run(
    context: Context,
    progress: Progress,
    until: datetime | None = None,
    reason: str | None = None,
) -> Run:
    now = context.now()
    record = Run(context.randomness.uuid(), now, None, context.actor, {})

    async def begin(connection: Connection) -> None:
        await store.begin_run(connection, record)

    await context.database.transact(begin)
    review: dict[str, _Review] = {}
    patient = until is None
    for kept in await _count_all(context, now, patient=patient):
        # With one class something of the next ones may have gone.
        due = await _count(context, kept, now, patient=patient) if kept.due.count else kept.due
        review[kept.of_class.name] = _Review(due.count, 0, due.held, due.waiting, due.why)
        # Clocks of people that lag behind are set, also where nobody is due: each count looks up
        # those that are not.
        if due.count or kept.of_class is rules.CONTACT:
            steps = _steps(context, kept, record, review, progress, patient=patient)
            await _take(context, steps, review[kept.of_class.name], until)
    ended = replace(record, ended_at=context.now(), classes=_document(review))

    async def end(connection: Connection) -> None:
        await store.save_run(connection, ended.run_id, ended.classes, ended.ended_at)
        gone = {name: each.gone for name, each in review.items() if each.gone}
        await audit.note(context, connection, Action.RETENTION_RUN, details=gone, why=reason)

    await context.database.transact(end)
    return ended


async def _take(
    context: Context, steps: AsyncGenerator[None], told: _Review, until: datetime | None
) -> None:
    """Dispose of a class, step by step, until its time is over."""
    try:
        async with aclosing(steps):
            while until is None or context.clock() < until:
                if await anext(steps, _OVER) is _OVER:
                    return
        told.why = rules.PAUSED
    except UnavailableError:
        told.why = "postponed: the database was busy"


async def _steps(
    context: Context,
    kept: Kept,
    record: Run,
    review: dict[str, _Review],
    progress: Progress,
    *,
    patient: bool,
) -> AsyncGenerator[None]:
    """Dispose of a class, batch by batch, each with its line in the review record."""
    name = kept.of_class.name
    told, moment = review[name], Moment(kept.lifetime.cutoff(record.began_at), record.began_at)

    async def batch(part: Part, after: Cursor | None) -> Batch:
        async def work(connection: Connection) -> Batch:
            done = await part.dispose(connection, moment, after)
            now = {**review, name: replace(told, gone=told.gone + done.gone)}
            await store.save_run(connection, record.run_id, _document(now))
            return done

        return await context.database.transact(work)

    if name == rules.LICENSE.name:
        async with aclosing(over_licenses.dispose(context, moment, patient=patient)) as files:
            async for gone in files:
                told.gone += gone
                await _save(context, record, review)
                progress(name, told.gone, max(told.due, told.gone))
                yield
        return
    for part in _parts(context)[name]:
        after: Cursor | None = ()
        while after is not None:
            begun = context.clock()
            done = await batch(part, after)
            told.gone, after = told.gone + done.gone, done.next
            if done.gone:
                progress(name, told.gone, max(told.due, told.gone))
            await _rest(context.clock() - begun)
            yield


async def _rest(took: timedelta) -> None:
    """Leave the machine to check-ins for twice as long as a batch took: the busier, the longer."""
    await asyncio.sleep(min(max(2 * took, timedelta()), REST).total_seconds())


async def _save(context: Context, record: Run, review: Mapping[str, _Review]) -> None:
    async def work(connection: Connection) -> None:
        await store.save_run(connection, record.run_id, _document(review))

    await context.database.transact(work)


async def _count_all(context: Context, now: datetime, *, patient: bool) -> list[Kept]:
    """Count what is due of all classes, in one transaction: on most days there is nothing."""

    async def work(connection: Connection) -> list[Kept]:
        if patient:
            await store.take_time(connection)
        return [
            replace(kept, due=await _due(context, connection, kept, now))
            for kept in await _lifetimes(connection)
        ]

    return await context.database.transact(work)


async def _count(context: Context, kept: Kept, now: datetime, *, patient: bool) -> Due:
    async def work(connection: Connection) -> Due:
        if patient:
            await store.take_time(connection)
        return await _due(context, connection, kept, now)

    return await context.database.transact(work)


async def _due(context: Context, connection: Connection, kept: Kept, now: datetime) -> Due:
    moment = Moment(kept.lifetime.cutoff(now), now)
    if kept.of_class is rules.LICENSE:
        return await over_licenses.due(context, connection, moment)
    found = [await part.due(connection, moment) for part in _parts(context)[kept.of_class.name]]
    return Due(
        count=sum(each.count for each in found),
        oldest=min((each.oldest for each in found if each.oldest is not None), default=None),
        held=sum(each.held for each in found),
        waiting=sum(each.waiting for each in found),
        why=next((each.why for each in found if each.why), ""),
    )


def _parts(context: Context) -> Mapping[str, Sequence[Part]]:
    """Give how each class is disposed of."""
    return {
        rules.CONTACT.name: (Contacts(), Contacts(wished=True)),
        rules.COMMENTS.name: (disposal.COMMENTS,),
        rules.NETWORK.name: disposal.NETWORKS,
        rules.SEAT.name: (Seats(),),
        rules.LAST_REQUEST.name: (disposal.Requests(context.randomness.uuid),),
        rules.TRIAL.name: (disposal.TRIALS,),
        rules.HISTORY.name: (OldMonths(),),
        rules.REFUSALS.name: (disposal.REFUSALS,),
        rules.HOLD.name: (disposal.HOLDS,),
        rules.TOKENS.name: (disposal.TOKENS,),
        rules.ANSWERS.name: (disposal.ANSWERS,),
        rules.STAFF.name: (disposal.STAFF,),
        rules.SESSION.name: (disposal.SESSIONS,),
        rules.AUDIT.name: (_OldEntries(context),),
    }


def _document(review: Mapping[str, _Review]) -> dict[str, Any]:
    return {name: asdict(each) for name, each in review.items()}
