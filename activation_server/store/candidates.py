"""People whom a search may lead to, by the tokens of the index.

There may be very many: so only what the search needs is read of them, on the driver's own
connection, and as it goes on, one drawer of the index after the other.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.store.driver import driver_of

AT_ONCE: Final = 64  # half of a search by letters is in them; each is a page of the table


class Way(NamedTuple):
    """A way in which somebody may have an entry of a search: by all of these tokens.

    Of each token what it is in every drawer.
    """

    by_computer: bool  # by the name of a computer, not by who they are
    tokens: Sequence[Sequence[int]]


class Candidate(NamedTuple):
    """Somebody whom a search may lead to."""

    license_id: UUID
    person_id: UUID
    wrapped_key: bytes | None
    by_computer: bool  # the index leads here by a computer's name
    values: Sequence[bytes | None]  # of the columns that were asked for


class _Question:
    """A question on the tokens of a drawer, each a column of `drawer`."""

    def __init__(self) -> None:
        self.parameters: list[Sequence[int]] = []
        self.by_computer: list[str] = []

    def has_any(self, ways: Sequence[Way]) -> str:
        """Say that a person has all tokens of any of these."""
        columns = [[self._column(token) for token in way.tokens] for way in ways]
        has = [f"tokens @> ARRAY[{', '.join(some)}]" for some in columns]
        self.by_computer += [one for one, way in zip(has, ways, strict=True) if way.by_computer]
        if all(len(some) == 1 for some in columns):  # one question to the index
            return f"tokens && ARRAY[{', '.join(one for [one] in columns)}]"
        return f"({' OR '.join(has)})"

    def _column(self, token: Sequence[int]) -> str:
        self.parameters.append(token)
        return f"drawer.t{len(self.parameters)}"


async def candidates(
    connection: AsyncConnection, wanted: Sequence[Sequence[Way]], columns: Collection[str]
) -> AsyncIterator[Sequence[Candidate]]:
    """Give everybody who has each entry of a search in any of its ways, some at a time.

    `columns` are read of them. They come drawer by drawer: GIN looks up all that have a token
    before it gives the first, and of what very many have one drawer holds enough. Who has enough
    stops: what was not asked for was not read. `connection` is in a transaction.
    """
    asked = _Question()
    matches = " AND ".join(map(asked.has_any, wanted))
    by_computer = " OR ".join(asked.by_computer) or "false"
    names = ", ".join(("license_id", "person_id", "wrapped_key", by_computer, *columns))
    numbers = range(1, len(asked.parameters) + 1)
    arrays, tokens = (", ".join(form.format(n) for n in numbers) for form in ("${}::int[]", "t{}"))
    question = (
        f"SELECT {names} FROM unnest({arrays}) AS drawer ({tokens})"  # noqa: S608 - own names
        f" JOIN people ON {matches}"
    )
    some: list[Candidate] = []
    async with driver_of(connection) as driver:
        async for row in driver.cursor(question, *asked.parameters, prefetch=AT_ONCE):
            some.append(_candidate(row))
            if len(some) == AT_ONCE:
                yield some
                some = []
    yield some


def _candidate(row: Sequence[Any]) -> Candidate:
    license_id, person_id, wrapped_key, by_computer, *values = row
    return Candidate(license_id, person_id, wrapped_key, by_computer, values)
