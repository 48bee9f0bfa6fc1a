"""Check-ins by the batch: one statement reads, one writes, on the driver's own connection."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from activation_server.rules.seat import Activation
from activation_server.store.activations import STORED, activation_of
from activation_server.store.database import Driver
from activation_server.store.licenses import CertifiedLicense
from activation_server.store.packed import coverage_to_text
from activation_server.store.pooled_licenses import COLUMNS, COUNT, JOINED, certified

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from activation_server.rules.values import dataclass

_SEAT = ", ".join(f"a.{column.name}" for column in STORED)
# `xmin` is another one after every change of a row: what is written is what was decided on.
_READ: Final = f"""
    SELECT wanted.number, a.xmin, {COLUMNS}, {_SEAT}
    FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY
        AS wanted (license_id, activation_id, number)
    JOIN activations AS a
        ON a.license_id = wanted.license_id AND a.activation_id = wanted.activation_id
    JOIN licenses AS l ON l.license_id = wanted.license_id
    {JOINED}
"""  # noqa: S608 - names of columns
_SEAT_AT = 2 + COUNT  # where its columns begin

# What a plain check-in changes: no index holds any of it, so that rows are updated in place.
_CHANGED: Final = {
    "seq": "bigint",
    "virtual": "boolean",
    "outcome": "text",
    "request_id": "uuid",
    "request_digest": "bytea",
    "nonce": "bytea",
    "answered_at": "timestamptz",
    "check_in_after": "timestamptz",
    "certificate_expires": "timestamptz",
    "coverage": "text",
    "signing_key": "smallint",
    "notices": "text",
    "app_version": "text",
    "app_edition": "text",
    "os_family": "text",
    "os_version": "text",
}


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat as it was read, its license, and the version that it was read in."""

    activation: Activation
    stored: CertifiedLicense
    version: int


async def read(connection: Driver, wanted: Sequence[tuple[UUID, UUID]]) -> Sequence[Seat | None]:
    """Give the seats of these licenses and activations, in their order; none where there is none.

    They are not locked: see `write`.
    """
    seats: list[Seat | None] = [None] * len(wanted)
    rows = await connection.fetch(_READ, [one[0] for one in wanted], [one[1] for one in wanted])
    for row in rows:
        values = tuple(row)
        seats[values[0] - 1] = _seat(values)
    return seats


def _seat(values: Sequence[Any]) -> Seat:
    return Seat(activation_of(values[_SEAT_AT:]), certified(values[2:_SEAT_AT]), values[1])


_NAMES = ", ".join(_CHANGED)
_ARRAYS = ", ".join(f"${number}::{type_}[]" for number, type_ in enumerate(_CHANGED.values(), 4))
_VALUES = ", ".join(
    "string_to_array(new.notices, ',')" if name == "notices" else f"new.{name}" for name in _CHANGED
)
_WRITE: Final = f"""
    UPDATE activations AS a SET ({_NAMES}) = ROW ({_VALUES})
    FROM unnest($1::uuid[], $2::uuid[], $3::xid[], {_ARRAYS})
        AS new (license_id, activation_id, version, {_NAMES})
    WHERE a.license_id = new.license_id AND a.activation_id = new.activation_id
        AND a.xmin = new.version
    RETURNING a.activation_id
"""  # noqa: S608 - names of columns and their types


async def write(connection: Driver, answered: Sequence[tuple[Activation, int]]) -> Collection[UUID]:
    """Write the answers of check-ins, each to the version of its row that it was decided on.

    Gives the activations that were written: the others were changed by somebody meanwhile.
    """
    columns = zip(*(_row(activation, version) for activation, version in answered), strict=True)
    rows = await connection.fetch(_WRITE, *columns)
    return {row[0] for row in rows}


def _row(activation: Activation, version: int) -> tuple[object, ...]:
    """Give the parameters of `_WRITE` for one answer."""
    last = activation.last
    return (
        activation.license_id,
        activation.activation_id,
        version,
        activation.seq,
        activation.virtual,
        last.outcome.value,
        last.request_id,
        last.request_digest,
        last.nonce,
        last.at,
        last.check_in_after,
        last.certificate_expires,
        coverage_to_text(last.coverage),
        last.signing_key,
        ",".join(last.notices) or None,
        last.app.version,
        last.app.edition,
        last.computer.os_family,
        last.computer.os_version,
    )
