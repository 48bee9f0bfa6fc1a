"""A legal hold, opened and sealed: its words are bound to its row and column."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from activation_server.crypto.sealed import Place
from activation_server.rules.hold import Hold
from activation_server.services.context import Context
from activation_server.store import holds as store
from activation_server.store.database import Connection
from activation_server.store.holds import StoredHold


def seal_hold(context: Context, hold: Hold) -> StoredHold:
    """Seal a hold's words."""
    reason, ordered_by = (
        seal_word(context, hold.hold_id, column, getattr(hold, column))
        for column in ("reason", "ordered_by")
    )
    return StoredHold(
        hold_id=hold.hold_id,
        license_id=hold.license_id,
        person_id=hold.person_id,
        until=hold.until,
        placed_at=hold.placed_at,
        reason=reason,
        ordered_by=ordered_by,
    )


def seal_word(context: Context, hold_id: UUID, column: str, word: str) -> bytes:
    """Seal what an operator wrote, for one column of a hold."""
    return context.keyring.notes.seal(word.strip().encode(), _place(hold_id, column))


def open_hold(context: Context, stored: StoredHold) -> Hold:
    """Give a hold in clear."""
    sealed = {name: getattr(stored, name) for name in ("reason", "ordered_by", "lifted_reason")}
    opened = {
        name: context.keyring.notes.open(word, _place(stored.hold_id, name)).decode()
        for name, word in sealed.items()
        if word is not None
    }
    return Hold(**{**asdict(stored), **opened})


def _place(hold_id: UUID, column: str) -> Place:
    return Place("legal_holds", column, str(hold_id))


async def of_licenses(
    context: Context, connection: Connection, license_ids: Collection[UUID]
) -> Mapping[UUID, Sequence[Hold]]:
    """Give the holds in force on licenses and their people."""
    holds: dict[UUID, list[Hold]] = {license_id: [] for license_id in license_ids}
    for stored in await store.of_licenses(connection, license_ids, context.now().date()):
        holds[stored.license_id].append(open_hold(context, stored))
    return holds
