"""Everything held on a person, whatever table it stands in, opened and explained."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from activation_server.crypto.keyring import license_key_place, order_place
from activation_server.crypto.vault import words_place
from activation_server.rules import export as rules
from activation_server.rules.audit import Action
from activation_server.rules.data_kind import DataKind, MappedTable
from activation_server.rules.export import Export, HeldLicense, HeldTable, Row, Share, Value
from activation_server.rules.person import PERSON, Computer, Profile
from activation_server.services import audit, notes, people
from activation_server.services.audit import why_place
from activation_server.services.context import Context
from activation_server.store import people as store
from activation_server.store import person_rows
from activation_server.store.column_map import column_map
from activation_server.store.database import Connection

LICENSE_KEY: Final = ("licenses", "key_sealed")
ORDER: Final = ("licenses", "order_sealed")
WORDS: Final = ("events", "words")
WHY: Final = ("audit_log", "why_sealed")
PersonId = tuple[UUID, UUID]  # of the license, and of the person on it
# Sealed columns that are opened: of the person, of the computer, of the license.
OPENED: Final = frozenset(
    {
        *(("people", name) for name in PERSON),
        ("person_computers", "computer_name"),
        ("person_computers", "comments"),
        LICENSE_KEY,
        ORDER,
        WORDS,
        WHY,
    }
)


@dataclass(frozen=True, slots=True)
class _Theirs:
    """A person on one license, with all ids of theirs on any."""

    share: Share
    profiles: Mapping[UUID, Profile]
    own_ids: AbstractSet[UUID]
    contact: datetime
    note_keys: notes.Keys


async def export(context: Context, email: str, reason: str | None = None) -> Export:
    """Give everything held on the person of an e-mail address, in every license."""

    async def work(connection: Connection) -> Export:
        found, people_ids = await read(context, connection, email)
        if found.licenses:
            details = {"people": len(people_ids), "licenses": len(found.licenses)}
            await audit.note(context, connection, Action.EXPORTED, details=details, why=reason)
        return found

    return await context.database.transact(work)


async def read(
    context: Context, connection: Connection, email: str
) -> tuple[Export, Sequence[PersonId]]:
    """Give the same, and who that is: first in a transaction, which then notes why."""
    await person_rows.freeze(connection)
    profiles = await people.with_email(context, connection, email)
    by_license: dict[UUID, list[Profile]] = {}
    for profile in profiles:
        by_license.setdefault(profile.license_id, []).append(profile)
    shares = [await _share(connection, some) for some in by_license.values()]
    own_ids = {each for share in shares for each in share.ids()}
    keys = await notes.keys_of(context, connection, by_license)
    held = [
        await _license(context, connection, _theirs(share, by_license, own_ids, keys))
        for share in shares
    ]
    ids = [(each.license_id, each.person_id) for each in profiles]
    return Export(email.strip(), context.issuer, context.now(), held), ids


async def _share(connection: Connection, mine: Sequence[Profile]) -> Share:
    license_id = mine[0].license_id
    everybody = await store.of_licenses(connection, [license_id])
    return rules.share(
        license_id,
        await person_rows.product_of(connection, license_id),
        {each.person_id for each in mine},
        {each.person_id: each.role for each, _ in everybody},
        await person_rows.computers(connection, license_id, people.ERASED),
    )


def _theirs(
    share: Share,
    by_license: Mapping[UUID, Sequence[Profile]],
    own_ids: AbstractSet[UUID],
    keys: notes.Keys,
) -> _Theirs:
    profiles = by_license[share.license_id]
    used = [each.answered_at for each in share.computers if each.person_id is not None]
    contact = max([*used, *(each.contacted_at for each in profiles)])
    theirs = {each.person_id: each for each in profiles}
    return _Theirs(share, theirs, own_ids, contact, keys)


async def _license(context: Context, connection: Connection, theirs: _Theirs) -> HeldLicense:
    tables = []
    for table in column_map():
        if table.name in rules.EXEMPT:
            continue
        rows = await person_rows.rows(connection, table.name, theirs.share)
        if person_rows.way_to(table.name) is person_rows.Way.LICENSE and table.name != "licenses":
            rows = [row for row in rows if rules.may_see(theirs.share, row, theirs.own_ids)]
        if rows:
            held = [_values(context, table, row, theirs) for row in rows]
            tables.append(HeldTable(table.name, table.about, held))
    return HeldLicense(
        license_id=theirs.share.license_id,
        roles=sorted({each.role for each in theirs.profiles.values()}),
        shared=not theirs.share.whole,
        tables=tables,
    )


def _values(context: Context, table: MappedTable, row: Row, theirs: _Theirs) -> Sequence[Value]:
    return [
        _value(context, table.name, column.name, column.kind, row, theirs)
        for column in table.columns
        if column.name in row and column.kind.is_about_a_person()
    ]


def _value(
    context: Context, table: str, column: str, kind: DataKind, row: Row, theirs: _Theirs
) -> Value:
    stored = row[column]
    if stored is None:
        return Value(column, kind)
    until = rules.until(kind.retention, row, theirs.contact)
    if rules.is_of_others(theirs.share, column, kind, stored, theirs.own_ids):
        return Value(column, kind, note=rules.OF_OTHERS, until=until)
    if (table, column) in OPENED:
        return Value(column, kind, _open(context, table, column, row, theirs), until=until)
    note = rules.unreadable(kind, stored)
    return Value(column, kind, None if note else stored, note, until)


def _open(context: Context, table: str, column: str, row: Row, theirs: _Theirs) -> Any:  # noqa: ANN401 - as opened
    if (table, column) == LICENSE_KEY:
        place = license_key_place(str(row["license_id"]))
        return context.keyring.license_keys.open(row[column], place).decode()
    if (table, column) == ORDER:
        place = order_place(str(row["license_id"]))
        return context.keyring.license_keys.open(row[column], place).decode()
    if (table, column) in {WORDS, WHY}:
        place = words_place(row["event_id"]) if table == "events" else why_place(row["seq"])
        keys, license_id = theirs.note_keys, row["license_id"]
        return notes.open_note(context, keys, license_id, row[column], place)
    profile = theirs.profiles[row["person_id"]]
    if table == "people":
        return getattr(profile.person, column)
    computer: Computer = profile.computers[row["activation_id"]]
    return computer.name if column == "computer_name" else computer.comments
