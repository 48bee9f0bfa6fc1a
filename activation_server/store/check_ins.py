"""Check-ins by the batch: one statement reads, one writes, on the driver's own connection."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from activation_server.rules.license import License, Status
from activation_server.rules.seat import Activation
from activation_server.store import terms
from activation_server.store.activations import STORED, activation_of
from activation_server.store.database import Driver
from activation_server.store.licenses import CertifiedLicense
from activation_server.store.packed import coverage_to_text

_SEAT = ", ".join(f"a.{column.name}" for column in STORED)
# `xmin` is another one after every change of a row: what is written is what was decided on.
_READ: Final = f"""
    SELECT wanted.number, a.xmin, s.number, s.covers_until, products.algorithm,
        l.license_id, l.product, l.policy, l.status, policies.terms::text, l.overrides::text,
        l.issued_at, l.started_at, l.expires_at, l.maintenance_until, l.seats_used,
        l.hardware_salt, {_SEAT}
    FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY
        AS wanted (license_id, activation_id, number)
    JOIN activations AS a
        ON a.license_id = wanted.license_id AND a.activation_id = wanted.activation_id
    JOIN licenses AS l ON l.license_id = wanted.license_id
    JOIN policies ON policies.product = l.product AND policies.name = l.policy
    JOIN products ON products.code = l.product
    CROSS JOIN LATERAL (
        SELECT k.number, k.covers_until FROM signing_keys AS k
        WHERE k.signs_since IS NOT NULL AND k.retired_at IS NULL
            AND (k.product IS NULL OR k.product = l.product)
        ORDER BY k.product IS NULL, k.number DESC
        LIMIT 1
    ) AS s
"""  # noqa: S608 - names of columns
_STATUSES = {each.value: each for each in Status}
_LICENSE_AT, _SEAT_AT = 5, 17  # where their columns begin

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
    number, covers_until, algorithm = values[2:_LICENSE_AT]
    stored = CertifiedLicense(
        _license(values[_LICENSE_AT:_SEAT_AT]), algorithm, number, covers_until
    )
    return Seat(activation_of(values[_SEAT_AT:]), stored, values[1])


def _license(values: Sequence[Any]) -> License:
    (
        license_id,
        product,
        policy,
        status,
        its_terms,
        overrides,
        issued_at,
        started_at,
        expires_at,
        maintenance_until,
        seats_used,
        hardware_salt,
    ) = values
    return License(
        license_id=license_id,
        product=product,
        policy=policy,
        status=_STATUSES[status],
        terms=terms.from_text(its_terms, overrides),
        issued_at=issued_at,
        started_at=started_at,
        expires_at=expires_at,
        maintenance_until=maintenance_until,
        seats_used=seats_used,
        hardware_salt=hardware_salt,
    )


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
