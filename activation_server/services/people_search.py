"""People found by what support types: the index leads to some, who are opened to tell."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from activation_server.crypto.vault import DRAWERS, key_place
from activation_server.rules.person import Indexed, Part, Person, Search
from activation_server.services.context import Context
from activation_server.services.sealed_people import open_person
from activation_server.store import candidates
from activation_server.store import people as store
from activation_server.store.candidates import Candidate, Way
from activation_server.store.database import Connection
from activation_server.store.planning import trust_index

OPENED_LIMIT: Final = 10_000  # people who are opened for a search at most


@dataclass(frozen=True, slots=True)
class Found:
    """Licenses that were found; `complete` when there are no others."""

    license_ids: Sequence[UUID]
    complete: bool


async def find(
    context: Context,
    connection: Connection,
    search: Search,
    most: int,
    opened_at_most: int | None = None,
) -> Found:
    """Find so many licenses of people: every word or address of a search must be theirs.

    A search that leads to very many people ends before all of them were opened.
    """
    if not search:
        return Found((), complete=True)
    await trust_index(connection)
    limit = OPENED_LIMIT if opened_at_most is None else opened_at_most
    found, opened, columns = dict[UUID, None](), 0, search.fields()
    wanted = [[_way(context, parts) for parts in any_of] for any_of in search.alternatives()]
    async for some in candidates.candidates(connection, wanted, columns):
        await _add_matching(context, connection, search, some, found, most)
        opened += len(some)
        if len(found) >= most or opened >= limit:
            return Found([*found][:most], complete=False)
    return Found([*found], complete=True)


def _way(context: Context, parts: Collection[Part]) -> Way:
    """Give the tokens of some parts in every drawer."""
    token = context.keyring.vault.token
    return Way(
        by_computer=any(kind is Indexed.COMPUTER for kind, _ in parts),
        tokens=[[token(kind, part, drawer) for drawer in range(DRAWERS)] for kind, part in parts],
    )


async def _add_matching(
    context: Context,
    connection: Connection,
    search: Search,
    some: Sequence[Candidate],
    found: dict[UUID, None],
    most: int,
) -> None:
    """Open candidates, and add the licenses of those who match until there are so many.

    Computers are read of those whom the index gives by their computers' names.
    """
    by_computer, columns = [], search.fields()
    for candidate in some:
        if _is_found(context, search, columns, candidate):
            found[candidate.license_id] = None
            if len(found) >= most:
                return
        elif candidate.by_computer:
            by_computer.append((candidate.license_id, candidate.person_id))
    if by_computer:
        computers = await store.computers_of_people(connection, by_computer)
        for person in await store.by_ids(connection, by_computer):
            used = computers[person.license_id, person.person_id]
            opened = open_person(context, person, used.computers)
            if opened is not None and search.finds(opened.person, opened.names()):
                found[person.license_id] = None


def _is_found(
    context: Context, search: Search, columns: Sequence[str], candidate: Candidate
) -> bool:
    """Tell whether somebody is found by who they are, by these columns; erased ones are not."""
    license_id, person_id, wrapped_key, _, values = candidate
    if wrapped_key is None:
        return False
    home = key_place(license_id, person_id)
    texts = context.keyring.vault.texts(home, wrapped_key, columns, values)
    if not search.may_find(texts):
        return False
    return search.finds(Person(**dict(zip(columns, texts, strict=True))), ())
