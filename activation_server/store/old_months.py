"""Whole months of the licenses' history that are due: dropped, but for what a legal hold keeps."""

from sqlalchemy import Select, column, func, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.retention import Due
from activation_server.store import partitions
from activation_server.store.disposal import Batch, Cursor, Moment, Rows, counted
from activation_server.store.holds import held
from activation_server.store.partitions import month_of
from activation_server.store.tables import events

_E = events.c
_LINES = Rows(events, _E.at, _E.license_id)


class OldMonths:
    """The months of the history. One with lines under a hold loses the others, line by line."""

    async def due(self, connection: AsyncConnection, moment: Moment) -> Due:
        """Count the lines that are due, and what of them is held."""
        is_held = held(_E.license_id, moment.now.date())
        return await counted(connection, events, _E.at, _E.at < month_of(moment.cutoff), is_held)

    async def dispose(
        self, connection: AsyncConnection, moment: Moment, _after: Cursor | None
    ) -> Batch:
        """Drop the oldest month that nothing holds; when there is none left, lines."""
        first = month_of(moment.cutoff)
        for name in await partitions.before(connection, events.name, first):
            lines = (await connection.execute(_lines(name, moment))).one()
            if not lines.held:
                await partitions.drop(connection, name)
                return Batch(lines.all, ())
        return await _LINES.dispose(connection, Moment(first, moment.now), None)


def _lines(name: str, moment: Moment) -> Select[int, int]:
    """Ask how many lines a partition has, and how many of them are held."""
    partition = table(name, column("license_id"))
    is_held = held(partition.c.license_id, moment.now.date())
    return select(
        func.count().label("all"), func.count().filter(is_held).label("held")
    ).select_from(partition)
