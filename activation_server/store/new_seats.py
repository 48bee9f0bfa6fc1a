"""First activations by the batch: one statement reads, one writes, on a lane."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import dialect

from activation_server.rules.releases import Releases
from activation_server.rules.seat import Activation
from activation_server.store import events, tables
from activation_server.store.activation_rows import STORED, activation_of, columns_of
from activation_server.store.driver import Driver
from activation_server.store.events import StoredEvent
from activation_server.store.license_rows import CertifiedLicense
from activation_server.store.people import StoredComputer, StoredPerson
from activation_server.store.pooled_licenses import COLUMNS, COUNT, JOINED, pooled

MOST_SEATS = 16  # of a license, for its next one to be pooled
_SEAT = ", ".join(f"a.{column.name}" for column in STORED)
# The exact form of a key goes before the folded one.
_READ: Final = f"""
    SELECT wanted.number, l.xmin,
        EXISTS (SELECT FROM people WHERE people.license_id = l.license_id),
        EXISTS (
            SELECT FROM computers
            WHERE computers.product = l.product AND computers.hardware_token = wanted.token
        ),
        key.replaced,
        {COLUMNS}, {_SEAT}
    FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::text[]) WITH ORDINALITY
        AS wanted (exact, folded, token, versions, number)
    CROSS JOIN LATERAL (
        SELECT license_keys.license_id, license_keys.replaced_at IS NOT NULL AS replaced
        FROM license_keys
        WHERE license_keys.digest IN (wanted.exact, wanted.folded)
            AND license_keys.license_id IS NOT NULL
        ORDER BY license_keys.digest = wanted.exact DESC
        LIMIT 1
    ) AS key
    JOIN licenses AS l ON l.license_id = key.license_id
    {JOINED}
    LEFT JOIN LATERAL (
        SELECT * FROM activations WHERE activations.license_id = l.license_id
        LIMIT {MOST_SEATS + 1}
    ) AS a ON true
"""  # noqa: S608 - names of columns
_LICENSE_AT = 5
_SEAT_AT = _LICENSE_AT + COUNT  # where their columns begin


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a license is looked for by, its computer, and what the app's version is listed as."""

    exact: bytes = field(repr=False)
    folded: bytes = field(repr=False)
    hardware_token: bytes = field(repr=False)
    versions: str | None


@dataclass
class Facts:
    """A license as it was read, with what bears on a new seat of it."""

    stored: CertifiedLicense
    releases: Releases
    version: int
    has_people: bool
    computer_is_known: bool  # of the product, whatever the license: it had a trial
    key_is_replaced: bool  # the one that was sent, by a new one
    activations: list[Activation] = field(default_factory=list)  # up to `MOST_SEATS` + 1 of them


@dataclass(frozen=True, slots=True)
class NewSeat:
    """A seat that is taken, and all that is written with it."""

    activation: Activation
    hardware_token: bytes = field(repr=False)
    version: int  # of the license that it was decided on
    event: StoredEvent
    person: StoredPerson | None = None
    computer: StoredComputer | None = None


async def read(connection: Driver, wanted: Sequence[Wanted]) -> Sequence[Facts | None]:
    """Give the licenses of keys, in their order; none for a key that leads to none."""
    found: list[Facts | None] = [None] * len(wanted)
    rows = ((one.exact, one.folded, one.hardware_token, one.versions) for one in wanted)
    for row in await connection.fetch(_READ, *zip(*rows, strict=True)):
        values = tuple(row)
        facts = found[values[0] - 1]
        if facts is None:
            license_ = pooled(values[_LICENSE_AT:_SEAT_AT])
            facts = Facts(license_.certified, license_.releases, *values[1:_LICENSE_AT])
            found[values[0] - 1] = facts
        if values[_SEAT_AT] is not None:
            facts.activations.append(activation_of(values[_SEAT_AT:]))
    return found


async def write(connection: Driver, seats: Sequence[NewSeat]) -> Collection[UUID]:
    """Take seats of licenses, each of the version that it was decided on.

    Gives the licenses of which one was taken: the others were changed by somebody meanwhile.
    """
    people = [seat.person for seat in seats if seat.person is not None]
    computers = [seat.computer for seat in seats if seat.computer is not None]
    rows = await connection.fetch(
        _WRITE,
        *_columns(_SEAT_TYPES, [_seat_row(seat) for seat in seats]),
        *_columns(_PERSON, [_values(person, _PERSON) for person in people]),
        *_columns(_COMPUTER, [_values(computer, _COMPUTER) for computer in computers]),
    )
    return {row[0] for row in rows}


def _types(table: str, names: Collection[str]) -> Mapping[str, str]:
    """Give the types of a table's columns, arrays as texts: an array of arrays would be flat."""
    columns = tables.metadata.tables[table].c
    postgres = dialect()  # type: ignore[no-untyped-call] # SQLAlchemy leaves it untyped
    types = {name: columns[name].type.compile(postgres) for name in names}
    return {name: "TEXT" if type_.endswith("[]") else type_ for name, type_ in types.items()}


# Of a seat that was just taken, by somebody who is new.
_UNSET = {"removed_at", "removed_by", "true_from", "superseded"}
_ACTIVATION = _types(
    "activations", [column.name for column in tables.activations.c if column.name not in _UNSET]
)
_EVENT = {"event_at": "TIMESTAMPTZ", "event_id": "UUID", "kind": "TEXT", "details": "TEXT"}
_PERSON = _types("people", [name for name in StoredPerson.__slots__ if name not in _UNSET])
_COMPUTER = _types("person_computers", StoredComputer.__slots__)
_SEAT_TYPES = {"version": "XID", **_ACTIVATION, **_EVENT}
_PERSON_AT = 1 + len(_SEAT_TYPES)  # where their parameters begin
_COMPUTER_AT = _PERSON_AT + len(_PERSON)
_ARRAYS = {"notices": "TEXT[]", "tokens": "INTEGER[]"}


def _unnested(name: str, columns: Mapping[str, str], first: int) -> str:
    parameters = enumerate(columns.values(), first)
    arrays = ", ".join(f"${number}::{type_}[]" for number, type_ in parameters)
    return f"unnest({arrays}) AS {name} ({', '.join(columns)})"


def _selected(name: str, columns: Mapping[str, str]) -> str:
    return ", ".join(
        f"string_to_array({name}.{column}, ',')::{_ARRAYS[column]}"
        if column in _ARRAYS
        else f"{name}.{column}"
        for column in columns
    )


_WRITE: Final = f"""
    WITH new AS MATERIALIZED (
        SELECT * FROM {_unnested("new", _SEAT_TYPES, 1)}
    ), taken AS (
        UPDATE licenses SET seats_used = licenses.seats_used + 1,
            started_at = coalesce(licenses.started_at, new.activated_at)
        FROM new
        WHERE licenses.license_id = new.license_id AND licenses.xmin = new.version
        RETURNING licenses.license_id
    ), seated AS (
        INSERT INTO activations ({", ".join(_ACTIVATION)})
        SELECT {_selected("new", _ACTIVATION)} FROM new JOIN taken USING (license_id)
    ), noted AS (
        INSERT INTO events (license_id, at, event_id, kind, details, of_activation_id)
        SELECT new.license_id, new.event_at, new.event_id, new.kind, new.details::jsonb,
            new.activation_id
        FROM new JOIN taken USING (license_id)
    ), known AS (
        INSERT INTO people ({", ".join(_PERSON)})
        SELECT {_selected("person", _PERSON)}
        FROM {_unnested("person", _PERSON, _PERSON_AT)} JOIN taken USING (license_id)
    ), used AS (
        INSERT INTO person_computers ({", ".join(_COMPUTER)})
        SELECT {_selected("computer", _COMPUTER)}
        FROM {_unnested("computer", _COMPUTER, _COMPUTER_AT)} JOIN taken USING (license_id)
    )
    SELECT license_id FROM taken
"""  # noqa: S608 - names of columns and their types


def _columns(columns: Mapping[str, str], rows: Sequence[Sequence[object]]) -> Sequence[Any]:
    """Turn rows into the columns that a statement takes, also where there are none."""
    return list(zip(*rows, strict=True)) if rows else [[] for _ in columns]


def _seat_row(seat: NewSeat) -> Sequence[object]:
    values, event = columns_of(seat.activation, seat.hardware_token), seat.event
    values["notices"] = ",".join(seat.activation.last.notices) or None
    activation = [values[name] for name in _ACTIVATION]
    details = json.dumps(events.columns_of(seat.activation.license_id, event)["details"])
    return [seat.version, *activation, event.at, event.event_id, event.kind, details]


def _values(row: StoredPerson | StoredComputer, columns: Mapping[str, str]) -> Sequence[object]:
    values = {name: getattr(row, name) for name in columns}
    if "tokens" in values:
        values["tokens"] = ",".join(map(str, values["tokens"]))
    return list(values.values())
