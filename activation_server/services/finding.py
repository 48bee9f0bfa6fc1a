"""Licenses found by what a customer or an app tells."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from activation_server.formats import license_key
from activation_server.rules import looking
from activation_server.rules.audit import Action
from activation_server.rules.folding import fold
from activation_server.rules.person import Search
from activation_server.services import audit, people_search
from activation_server.services.calls import order_of, order_token
from activation_server.services.context import Context
from activation_server.services.licensing import (
    LicenseView,
    ids_of_key_or_id,
    the_only,
    view_of,
    with_people_and_holds,
)
from activation_server.store import licenses
from activation_server.store.database import Connection
from activation_server.store.license_rows import StoredLicense

SHOWN: Final = 100
OF_PEOPLE: Final = 25  # of those by people: of a name that more have somebody types on, or asks
SHOWN_WHILE_TYPING: Final = 20
OPENED_WHILE_TYPING: Final = 2_000  # people: 50 ms; the next letter, or Enter, finds the rest


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched for, and how many licenses are wanted at most."""

    text: str = field(repr=False)
    most: int = SHOWN
    of_people: int = SHOWN  # at most, of those by what is known of people
    opened: int | None = None  # people, at most, if fewer than for an ordinary search
    typing: bool = False  # its last word may go on


@dataclass(frozen=True, slots=True)
class Found:
    """Licenses that were found; `complete` when no others match."""

    licenses: Sequence[LicenseView]
    complete: bool

    def has_more(self) -> bool:
        """Tell whether others are found when more are asked for; else another word is needed."""
        return not self.complete and len(self.licenses) >= OF_PEOPLE


async def find(context: Context, text: str, *, more: bool = False, typing: bool = False) -> Found:
    """Find licenses by key, its end, order, an id, a person's or a computer's names, an address.

    `more`: of those by people as many as of others. `typing`: by what was typed so far, whose last
    word may go on.
    """
    asked = Asked(text, of_people=SHOWN if more else OF_PEOPLE, typing=typing)

    async def work(connection: Connection) -> Found:
        found = await _found(context, connection, asked)
        await _note(context, connection, found)
        return found

    return await context.database.transact(work)


async def find_while_typing(context: Context, session_id: UUID, text: str) -> Found:
    """Find licenses by what a member of staff has typed so far.

    The audit log gets an entry where a license is shown that none of this search tells of yet.
    """
    before, now = context.looks.last(session_id), context.clock()

    async def work(connection: Connection) -> tuple[Found, looking.Look]:
        found = await _found(
            context, connection, Asked(text, SHOWN_WHILE_TYPING, OPENED_WHILE_TYPING, typing=True)
        )
        shown = [each.license.license_id for each in found.licenses]
        look = looking.going_on(before, shown, now)
        if look is None:
            look = looking.noted(before, shown, now)
            await _note(context, connection, found, while_typing=True)
        return found, look

    found, look = await context.database.transact(work)
    context.looks.remember(session_id, look)
    return found


def is_enough(text: str) -> bool:
    """Tell whether a text is worth a search while it is typed: beginnings need some letters."""
    return Search.parse(text, typing=True).begins()


async def _found(context: Context, connection: Connection, asked: Asked) -> Found:
    right, complete = await matching(context, connection, asked)
    views = [view_of(context, each) for each in right]
    return Found(await with_people_and_holds(context, connection, views), complete)


async def _note(context: Context, connection: Connection, found: Found, **details: object) -> None:
    only, count = the_only(found.licenses), len(found.licenses)
    await audit.note(
        context, connection, Action.LOOKED_UP, license_id=only, details={"found": count, **details}
    )


async def matching(
    context: Context, connection: Connection, asked: Asked
) -> tuple[Sequence[StoredLicense], bool]:
    """Give some licenses that a text leads to; and whether these are all.

    Those of its key, its order, its id or a computer's come before those of people: a name that
    many have must not hide them. The newest come first of either.
    """
    wanted, most = asked.text.strip(), asked.most
    search = Search.parse(wanted, typing=asked.typing)
    computer = context.keyring.digester.hardware({"hardware_id": wanted})
    of_people = min(most, asked.of_people)
    people = await people_search.find(context, connection, search, of_people + 1, asked.opened)
    ids = set(await ids_of_key_or_id(context, connection, wanted, computer))
    theirs = set(people.license_ids[:of_people])
    tail = license_key.tail(wanted) if len(wanted) == license_key.TAIL else None
    token = order_token(context, wanted)
    found = await licenses.find(
        connection, context.now(), ids=ids | theirs, tail=tail, order_token=token
    )
    exact = {
        each.license.license_id
        for each in found
        if each.license.license_id in ids
        or each.key_tail == tail
        or fold(order_of(context, each) or "") == fold(wanted)
    }
    right = [each for each in found if each.license.license_id in exact | theirs]
    right.sort(key=lambda each: each.license.license_id not in exact)
    return right[:most], people.complete and len(found) < licenses.FIND_LIMIT and len(right) <= most
