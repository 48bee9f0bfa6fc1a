"""Erase a person on their word, in a way that outlives the restore of a backup."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from activation_server.crypto.signing import SigningKey
from activation_server.formats import erasure_receipt
from activation_server.rules import erasure as rules
from activation_server.rules.audit import Action
from activation_server.rules.erasure import Erased, Erasure, LedgerEntry, LedgerStanding
from activation_server.rules.errors import OperatorError
from activation_server.rules.folding import fold
from activation_server.rules.person import Profile
from activation_server.services import audit, consents, keys, people, tool_calls
from activation_server.services.context import Context
from activation_server.services.sealed_people import open_person
from activation_server.services.tool_calls import ToolCall
from activation_server.store import erasure as store
from activation_server.store import holds, note_keys
from activation_server.store.database import Connection
from activation_server.store.people import StoredPerson, lock_license

_BEHIND = (
    "The erasure ledger has entries that this database has not carried out: an older backup was "
    "restored, or an erasure was cut off. Run `activation-server privacy replay`."
)
_LOST = (
    "The erasure ledger lacks entries that this database has carried out. Restore its file from "
    "the copy; if there is none, `activation-server privacy replay --ledger-is-lost` begins a new "
    "one, and what it held is not erased again in older backups."
)


@dataclass(frozen=True, slots=True)
class Counts:
    """What an erasure takes, or took."""

    people: int = 0
    computers: int = 0
    licenses: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """What an erasure took, and the receipt for it: none where nothing was taken."""

    counts: Counts
    receipt: str | None = None
    repeated: bool = False  # it was done before, and this told then


async def of_person(context: Context, email: str) -> Sequence[Profile]:
    """Give everybody of an e-mail address, in every license."""

    async def work(connection: Connection) -> Sequence[Profile]:
        return await people.with_email(context, connection, email)

    return await context.database.transact(work)


async def erase(
    context: Context,
    email: str,
    *,
    dry_run: bool = False,
    reason: str | None = None,
    call: ToolCall | None = None,
) -> Done:
    """Erase everybody of an e-mail address; repeated, there is nobody left. Raises OperatorError.

    Entered in the ledger first, then done: whatever happens in between, it is done by a replay.
    All of them or, when one is under a legal hold, nobody. With a `call`, whoever repeats it is
    told what was done the first time.
    """
    async with context.ledger.locked():
        if call is None or dry_run:
            return await _erase_all(context, fold(email.strip()), reason, dry_run=dry_run)
        if before := await tool_calls.given(context, call):
            return _read(before.answer)
        done = await _erase_all(context, fold(email.strip()), reason, dry_run=False)

        async def answer(_inner: Context) -> bytes:
            return json.dumps(asdict(done)).encode()

        await tool_calls.once(context, call, answer)
        return done


def _read(answer: bytes) -> Done:
    told = json.loads(answer)
    return Done(Counts(**told["counts"]), told["receipt"], repeated=True)


async def _erase_all(context: Context, address: str, reason: str | None, *, dry_run: bool) -> Done:
    """Erase everybody of an address; the ledger is locked."""
    await check(context)
    entries: Sequence[LedgerEntry] = ()
    profiles = await of_person(context, address)

    async def work(connection: Connection) -> None:
        nonlocal entries
        await _lock(connection, profiles)
        if not entries:  # a transaction that is run again is entered already
            await _refuse_held(context, connection, profiles)
            if dry_run:
                return
            entries = context.ledger.append(_erasures(context, address, profiles), context.now())
        for profile in profiles:
            await _erase(context, connection, profile.license_id, profile.person_id)
        await store.save_position(connection, rules.end(entries))
        details = asdict(_counts(profiles))
        await audit.note(context, connection, Action.ERASED, details=details, why=reason)

    if profiles:
        await context.database.transact(work)
    counts = _counts(profiles)
    return Done(counts, await _receipt(context, counts, entries) if entries else None)


async def _receipt(context: Context, counts: Counts, entries: Sequence[LedgerEntry]) -> str:
    """Sign what went, after it is done. Raises UnavailableError."""

    async def work(connection: Connection) -> SigningKey:
        return await keys.common_key(context, connection)

    key = await context.database.transact(work)
    claims = erasure_receipt.claims(
        context.issuer, entries[-1].at, entries[-1].number, counts.people, counts.computers
    )
    return key.sign(erasure_receipt.header(key.kid), claims)


async def _lock(connection: Connection, profiles: Sequence[Profile]) -> None:
    """Lock the computers of people, then their licenses' people: holds are placed under that."""
    ids = [(profile.license_id, profile.person_id) for profile in profiles]
    await store.lock_computers(connection, ids)
    for license_id in sorted({profile.license_id for profile in profiles}):
        await lock_license(connection, license_id)


async def _refuse_held(
    context: Context, connection: Connection, profiles: Sequence[Profile]
) -> None:
    ids = [(profile.license_id, profile.person_id) for profile in profiles]
    found = await holds.of_people(connection, ids, context.now().date())
    if found:
        named = ", ".join(f"{hold.hold_id} (until {hold.until})" for hold in found)
        msg = f"Nothing was erased: there is a legal hold. `hold lift` ends one: {named}."
        raise OperatorError(msg)


async def check(context: Context) -> None:
    """See that every erasure of the ledger is carried out. Raises OperatorError."""

    async def work(connection: Connection) -> None:
        await require_carried_out(context, connection)

    await context.database.transact(work)


async def seems_carried_out(context: Context) -> bool:
    """Tell at a glance whether the database is where the ledger is. Raises OperatorError."""
    position = await context.database.transact(store.position)
    return position.number == context.ledger.count()


async def require_carried_out(context: Context, connection: Connection) -> None:
    """See the same in a transaction that goes on. Raises OperatorError."""
    found = rules.standing(context.ledger.read(), await store.position(connection))
    if found is not LedgerStanding.CURRENT:
        raise OperatorError(_BEHIND if found is LedgerStanding.BEHIND else _LOST)


async def replay(
    context: Context, progress: Callable[[int], None], *, ledger_is_lost: bool = False
) -> int:
    """Carry out what the ledger has and the database has not; give how many people went.

    May be cut off at any point, and run again. A legal hold does not stop it: what was erased
    before stays erased. Raises OperatorError.
    """
    async with context.ledger.locked():
        entries = context.ledger.read()
        position = await context.database.transact(store.position)
        found = rules.standing(entries, position)
        if found is LedgerStanding.LOST and not ledger_is_lost:
            raise OperatorError(_LOST)
        since = 0 if found is LedgerStanding.LOST else position.number
        gone = await _replay(context, entries[since:], progress) if entries[since:] else 0
        await consents.replay(context, entries[since:], progress)

        async def work(connection: Connection) -> None:
            await store.save_position(connection, rules.end(entries))
            if entries[since:] or found is LedgerStanding.LOST:
                details = {"entries": len(entries) - since, "people": gone}
                await audit.note(context, connection, Action.LEDGER_REPLAYED, details=details)

        await context.database.transact(work)
    return gone


async def _replay(
    context: Context, entries: Sequence[LedgerEntry], progress: Callable[[int], None]
) -> int:
    due = _Due(context, entries)
    after: tuple[UUID, UUID] | None = None
    gone = 0

    async def work(connection: Connection) -> tuple[int, Sequence[StoredPerson]]:
        page = await store.page_of_people(connection, after)
        erased = [person for person in page if due.has(person)]
        for person in erased:
            await _erase(context, connection, person.license_id, person.person_id)
        return len(erased), page

    while True:
        erased, page = await context.database.transact(work)
        gone += erased
        progress(len(page))
        if len(page) < store.PAGE:
            return gone
        after = (page[-1].license_id, page[-1].person_id)


class _Due:
    """Who is to be erased again, by the ledger's entries."""

    def __init__(self, context: Context, entries: Sequence[LedgerEntry]) -> None:
        self._context = context
        self._people = {
            entry.erasure.digest for entry in entries if entry.erasure.kind is Erased.PERSON
        }
        self._emails: dict[bytes, datetime] = {
            entry.erasure.digest: entry.at
            for entry in entries
            if entry.erasure.kind is Erased.EMAIL
        }

    def has(self, person: StoredPerson) -> bool:
        digester = self._context.keyring.digester
        if digester.of_person(person.license_id, person.person_id) in self._people:
            return True
        if not self._emails or person.email is None:
            return False
        opened = open_person(self._context, person)
        email = opened and opened.person.email
        at = self._emails.get(digester.of_email(fold(email))) if email else None
        return at is not None and person.contacted_at <= at


def _erasures(context: Context, address: str, profiles: Sequence[Profile]) -> Sequence[Erasure]:
    digester = context.keyring.digester
    rows = [
        Erasure(Erased.PERSON, digester.of_person(each.license_id, each.person_id))
        for each in profiles
    ]
    return [Erasure(Erased.EMAIL, digester.of_email(address)), *rows]


async def _erase(
    context: Context, connection: Connection, license_id: UUID, person_id: UUID
) -> None:
    await store.erase_person(connection, license_id, person_id, context.now(), people.ERASED)
    # Words on a license may be about a person of it who is held.
    if not await holds.of_licenses(connection, [license_id], context.now().date()):
        await note_keys.destroy(connection, license_id)


def _counts(profiles: Sequence[Profile]) -> Counts:
    return Counts(
        people=len(profiles),
        computers=sum(len(profile.computers) for profile in profiles),
        licenses=len({profile.license_id for profile in profiles}),
    )
