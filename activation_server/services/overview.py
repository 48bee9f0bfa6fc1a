"""The overview: numbers of everything, made now and then, and kept in the process meanwhile."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from activation_server.rules import overview as rules
from activation_server.rules.overview import Numbers
from activation_server.services import retention
from activation_server.services.context import Context
from activation_server.services.overview_memory import Made
from activation_server.services.retention import Kept
from activation_server.store import overview as store
from activation_server.store.database import Connection

Result = TypeVar("Result")
Due = Made[Sequence[Kept] | None]


async def numbers(context: Context, *, anew: bool = False) -> Numbers:
    """Give the numbers; `anew` where somebody wants them as they are now.

    Whoever comes while they are made waits for the same ones. Raises UnavailableError.
    """

    async def make(now: datetime) -> Numbers:
        return await _make(context, now)

    made: Made[Numbers] = await context.overview.numbers.get(context.now, make, anew=anew)
    return made.value


async def due(context: Context, *, anew: bool = False) -> Due:
    """Give what retention has to do, `None` where that could not be counted in time."""

    async def make(_now: datetime) -> Sequence[Kept] | None:
        async def counted(connection: Connection) -> Sequence[Kept]:
            return await retention.preview(context.within(connection))

        return await _ask(context, counted)

    return await context.overview.due.get(context.now, make, anew=anew)


async def _make(context: Context, now: datetime) -> Numbers:
    """Ask one after the other, each in a transaction of its own.

    One for all would keep PostgreSQL from clearing away what check-ins leave behind meanwhile.
    """
    first, week = rules.beginning(rules.days(now)[0]), now - timedelta(days=rules.LEAK_DAYS)
    month, listed = rules.months(now)[0], rules.LISTED
    candidates = await _ask(
        context, lambda on: store.most_activated(on, week, rules.LEAST_ACTIVATIONS)
    )
    return Numbers(
        made_at=now,
        computers=await _ask(context, lambda on: store.computers(on, now, month, first)),
        activations=await _ask(context, lambda on: store.activations_by_day(on, first)),
        sold=await _ask(context, lambda on: store.sold(on, now, rules.MOST_PRODUCTS)),
        refusals=await _ask(context, lambda on: store.refused(on, first)),
        ending=await _ask(context, lambda on: store.ending(on, now, now + rules.ENDING, listed)),
        much_activated=None if candidates is None else rules.much_activated(candidates),
        much_refused=await _ask(
            context, lambda on: store.most_refused(on, week, rules.LEAST_REFUSED, listed)
        ),
        cloned=await _ask(context, lambda on: store.cloned(on, first, listed)),
    )


async def _ask(
    context: Context, question: Callable[[Connection], Awaitable[Result]]
) -> Result | None:
    async def work(connection: Connection) -> Result | None:
        return await store.bounded(connection, question)

    return await context.database.transact(work)
