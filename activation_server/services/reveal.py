"""People and keys in clear: one license at a time, so many a day for each who looks."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from activation_server.rules import api_token
from activation_server.rules.audit import Action
from activation_server.rules.errors import TooOftenError
from activation_server.services import licensing
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseHistory
from activation_server.store import api_tokens, audit
from activation_server.store.database import Connection


async def reveal(
    context: Context, license_id: UUID, reason: str, shown: int | None = None
) -> LicenseHistory:
    """Show a license with its people in clear; `shown` of them at most, or all.

    Raises NotFoundError, TooOftenError.

    What is over the day's limit is neither shown nor noted: the log, whose head is locked by then,
    counts.
    """
    now, most = context.now(), context.reveals_a_day

    async def work(connection: Connection) -> LicenseHistory:
        history = await licensing.show(context.within(connection), license_id, reason, shown)
        today = now.replace(hour=0, minute=0, second=0)
        together = await _who_count_together(connection, context.actor)
        done = await audit.count_of(connection, together, Action.REVEALED, today)
        if most is not None and done > most:
            raise TooOftenError(
                f"You have seen {most} licenses in clear today; you may again tomorrow.",
                _until_tomorrow(now),
            )
        return history

    return await context.database.transact(work)


async def _who_count_together(connection: Connection, actor: str) -> Collection[str]:
    """A token can't have more shown to it by giving others: they count with it."""
    name = api_token.name_in(actor)
    if name is None:
        return [actor]
    return [actor, *map(api_token.actor_of, await api_tokens.family(connection, name))]


def _until_tomorrow(now: datetime) -> int:
    tomorrow = now.replace(hour=0, minute=0, second=0) + timedelta(days=1)
    return int((tomorrow - now).total_seconds())
