"""Check-ins by the batch: one statement reads, one writes, on the driver's own connection."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from activation_server.rules.releases import Releases
from activation_server.rules.seat import Activation, Outcome
from activation_server.store.activation_rows import STORED, activation_of
from activation_server.store.driver import Driver
from activation_server.store.license_rows import CertifiedLicense
from activation_server.store.packed import coverage_to_text
from activation_server.store.pooled_licenses import COLUMNS, COUNT, JOINED, pooled

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from activation_server.rules.values import dataclass

_SEAT = ", ".join(f"a.{column.name}" for column in STORED)
# `xmin` is another one after every change of a row: what is written is what was decided on.
_READ: Final = f"""
    SELECT wanted.number, a.xmin, {COLUMNS}, {_SEAT}
    FROM unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY
        AS wanted (license_id, activation_id, versions, number)
    JOIN activations AS a
        ON a.license_id = wanted.license_id AND a.activation_id = wanted.activation_id
    JOIN licenses AS l ON l.license_id = wanted.license_id
    {JOINED}
"""  # noqa: S608 - names of columns
_SEAT_AT = 2 + COUNT  # where its columns begin

# What a plain check-in changes: no index holds any of it, so that rows are updated in place.
_ALWAYS: Final = {
    "seq": "bigint",
    "request_id": "uuid",
    "request_digest": "bytea",
    "nonce": "bytea",
    "answered_at": "timestamptz",
    "check_in_after": "timestamptz",
    "certificate_expires": "timestamptz",
}
# … and what most leave as it was: sent for a batch where some do not.
_SOMETIMES: Final = {
    "virtual": "boolean",
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
    releases: Releases  # that may stand for the app's version


@dataclass(frozen=True, slots=True)
class Wanted:
    """A seat that is asked for, and the versions that the app's may be listed as, with commas."""

    license_id: UUID
    activation_id: UUID
    versions: str | None


async def read(connection: Driver, wanted: Sequence[Wanted]) -> Sequence[Seat | None]:
    """Give seats, in the order that they are asked for; none where there is none.

    They are not locked: see `write`.
    """
    seats: list[Seat | None] = [None] * len(wanted)
    columns = (
        [one.license_id for one in wanted],
        [one.activation_id for one in wanted],
        [one.versions for one in wanted],
    )
    for row in await connection.fetch(_READ, *columns):
        values = tuple(row)
        seats[values[0] - 1] = _seat(values)
    return seats


def _seat(values: Sequence[Any]) -> Seat:
    license_ = pooled(values[2:_SEAT_AT])
    activation = activation_of(values[_SEAT_AT:])
    return Seat(activation, license_.certified, values[1], license_.releases)


_OUTCOME: Final = Outcome.REACTIVATED.value  # of every check-in


def _statement(columns: Mapping[str, str]) -> str:
    """Make the statement that writes these columns, by their types."""
    names = ", ".join(columns)
    arrays = ", ".join(f"${number}::{type_}[]" for number, type_ in enumerate(columns.values(), 4))
    values = ", ".join(
        "string_to_array(new.notices, ',')" if name == "notices" else f"new.{name}"
        for name in columns
    )
    return f"""
        UPDATE activations AS a SET (outcome, {names}) = ROW ('{_OUTCOME}', {values})
        FROM unnest($1::uuid[], $2::uuid[], $3::xid[], {arrays})
            AS new (license_id, activation_id, version, {names})
        WHERE a.license_id = new.license_id AND a.activation_id = new.activation_id
            AND a.xmin = new.version
        RETURNING a.activation_id
    """  # noqa: S608 - names of columns and their types


_WRITE_MOST: Final = _statement(_ALWAYS)
_WRITE_ALL: Final = _statement(_ALWAYS | _SOMETIMES)


async def write(
    connection: Driver, answered: Sequence[tuple[Seat, Activation]]
) -> Collection[UUID]:
    """Write the answers of check-ins, each to the version of its row that it was decided on.

    Gives the activations that were written: the others were changed by somebody meanwhile.
    """
    rows = [_always(activation, seat.version) for seat, activation in answered]
    statement = _WRITE_MOST
    if any(_differ(seat.activation, activation) for seat, activation in answered):
        statement = _WRITE_ALL
        more = [_sometimes(activation) for _, activation in answered]
        rows = [row + others for row, others in zip(rows, more, strict=True)]
    written = await connection.fetch(statement, *zip(*rows, strict=True))
    return {row[0] for row in written}


def _always(activation: Activation, version: int) -> tuple[object, ...]:
    """Give an answer's row and version, and its `_ALWAYS`."""
    last = activation.last
    return (
        activation.license_id,
        activation.activation_id,
        version,
        activation.seq,
        last.request_id,
        last.request_digest,
        last.nonce,
        last.at,
        last.check_in_after,
        last.certificate_expires,
    )


def _differ(before: Activation, after: Activation) -> bool:
    """Whether an answer changes one of `_SOMETIMES`."""
    was, is_ = before.last, after.last
    return (
        before.virtual != after.virtual
        or was.coverage != is_.coverage
        or was.signing_key != is_.signing_key
        or was.notices != is_.notices
        or was.app.version != is_.app.version
        or was.app.edition != is_.app.edition
        or was.computer != is_.computer
    )


def _sometimes(activation: Activation) -> tuple[object, ...]:
    """Give an answer's `_SOMETIMES`."""
    last = activation.last
    return (
        activation.virtual,
        coverage_to_text(last.coverage),
        last.signing_key,
        ",".join(last.notices) or None,
        last.app.version,
        last.app.edition,
        last.computer.os_family,
        last.computer.os_version,
    )
