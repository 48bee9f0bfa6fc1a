"""Licenses that have been over for long: found, archived, and gone."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

from activation_server.rules.retention import Due
from activation_server.services import archive
from activation_server.services.context import Context
from activation_server.store import over_licenses as store
from activation_server.store import retention
from activation_server.store.database import Connection
from activation_server.store.disposal import Moment

NO_RECIPIENT = "no archive recipient is set, see ACTIVATION_ARCHIVE_RECIPIENTS"
Page = Sequence[tuple[UUID, datetime | None, bool]]  # over since when, and whether held


async def due(context: Context, connection: Connection, moment: Moment) -> Due:
    """Count the licenses that are due; without a recipient of the archive they wait."""
    count, held, oldest = 0, 0, None
    async for _, since, is_held in _over(lambda after: _page(connection, moment, after), moment):
        if is_held:
            held += 1
        else:
            count, oldest = count + 1, min(since, oldest or since)
    if not context.archive.recipients:
        return Due(0, oldest, held, count, NO_RECIPIENT if count else "")
    return Due(count, oldest, held)


async def dispose(context: Context, moment: Moment, *, patient: bool) -> AsyncGenerator[int]:
    """Archive what is due, file by file; gives how many licenses went each time.

    `patient`: to look for it may take long, as nobody waits.
    """
    ids: list[UUID] = []

    async def page(after: UUID) -> Page:
        async def work(connection: Connection) -> Page:
            if patient:
                await retention.take_time(connection)
            return await _page(connection, moment, after)

        return await context.database.transact(work)

    async for license_id, _, is_held in _over(page, moment):
        if not is_held:
            ids.append(license_id)
        while len(ids) >= archive.LICENSES_PER_FILE:
            ids, gone = await _archive(context, ids)
            yield gone
    while ids:
        ids, gone = await _archive(context, ids)
        yield gone


async def _archive(context: Context, ids: list[UUID]) -> tuple[list[UUID], int]:
    """Archive as many as go into a file; give the others. What changed waits for the next run."""
    done = await archive.archive_and_delete(context, ids)
    treated = {*done.licenses, *done.changed}
    rest = [each for each in ids if each not in treated] if treated else []
    return rest, len(done.licenses)


async def _over(
    ask: Callable[[UUID], Awaitable[Page]], moment: Moment
) -> AsyncIterator[tuple[UUID, datetime, bool]]:
    """Give the licenses that are over since before the cutoff, since when, and whether held."""
    after = UUID(int=0)
    while page := await ask(after):
        for license_id, since, is_held in page:
            if since is not None and since < moment.cutoff:
                yield license_id, since, is_held
        after = page[-1][0]


async def _page(connection: Connection, moment: Moment, after: UUID) -> Page:
    found = await store.page(connection, moment.cutoff, moment.now.date(), after)
    return [
        (stored.license.license_id, stored.license.over_since(status_at, moment.now), is_held)
        for stored, status_at, is_held in found
    ]
