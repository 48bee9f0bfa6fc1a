"""People whom a search may lead to, by the tokens of the index.

There may be very many: so only what the search needs is read of them, on the driver's own
connection, and as it goes on.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.store.database import Driver

AT_ONCE: Final = 128

# Of each entry any one of these, and of that every set of tokens: a person has one of it.
Tokens = Sequence[Sequence[Sequence[Collection[int]]]]


class Candidate(NamedTuple):
    """Somebody whom a search may lead to."""

    license_id: UUID
    person_id: UUID
    wrapped_key: bytes | None
    by_computer: bool  # the index leads here by a computer's name
    values: Sequence[bytes | None]  # of the columns that were asked for


class _Question:
    """A question on tokens, with its parameters."""

    def __init__(self) -> None:
        self.parameters: list[list[int]] = []

    def has(self, any_of: Sequence[Sequence[Collection[int]]]) -> str:
        """Say that a person has every set of any one of these."""
        # Single sets are one question to the index, whatever they are of.
        single = {token for every in any_of if len(every) == 1 for token in every[0]}
        several = [every for every in any_of if len(every) > 1]
        return " OR ".join(map(self._has_every, [*([[single]] if single else []), *several]))

    def _has_every(self, every: Sequence[Collection[int]]) -> str:
        return " AND ".join(map(self._has_one, every))

    def _has_one(self, tokens: Collection[int]) -> str:
        self.parameters.append(sorted(tokens))
        return f"tokens && ${len(self.parameters)}"


async def candidates(
    connection: AsyncConnection,
    tokens: Tokens,
    columns: Collection[str],
    of_computers: Sequence[Sequence[Collection[int]]],
) -> AsyncIterator[Sequence[Candidate]]:
    """Give everybody who has the tokens of a search, in no order, some at a time.

    `columns` are read of them; `of_computers` tells by words who may be found by a computer's name:
    of every set of one of them they have a token. Who has enough stops: what was not asked for was
    not read. `connection` is in a transaction.
    """
    asked = _Question()
    wanted = " AND ".join(f"({asked.has(any_of)})" for any_of in tokens)
    by_computer = asked.has(of_computers) or "false"
    names = ", ".join(("license_id", "person_id", "wrapped_key", by_computer, *columns))
    question = f"SELECT {names} FROM people WHERE {wanted}"  # noqa: S608 - names of columns
    raw = await connection.get_raw_connection()
    driver = cast("Driver", raw.driver_connection)
    some: list[Candidate] = []
    async for row in driver.cursor(question, *asked.parameters, prefetch=AT_ONCE):
        some.append(_candidate(row))
        if len(some) == AT_ONCE:
            yield some
            some = []
    yield some


def _candidate(row: Sequence[Any]) -> Candidate:
    license_id, person_id, wrapped_key, by_computer, *values = row
    return Candidate(license_id, person_id, wrapped_key, by_computer, values)
