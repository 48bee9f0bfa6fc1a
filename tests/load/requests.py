"""Requests prepared beforehand: check-ins of computers of a data set, and first activations."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

import asyncpg

from activation_server.crypto.keyring import Keyring
from tests.load.computers import PRODUCT, SEATS, as_json, computer, key_of, license_id_of

Request = tuple[str, bytes]  # path and body
_STRIDE = 7_368_787  # a prime: successive computers lie far apart in the tables


def spread(position: int, count: int) -> int:
    """Give the computer at a position: each of `count` once before any comes again."""
    return position * _STRIDE % count


@dataclass(frozen=True, slots=True)
class Seat:
    """The activation of a computer, and how far its counter is."""

    number: int
    license_id: UUID
    activation_id: UUID
    seq: int

    def next(self) -> "Seat":
        """Give it as it is after one more check-in."""
        return replace(self, seq=self.seq + 1)


def first_seat(keyring: Keyring, number: int) -> Seat:
    """Give the seat that a computer was given with its first request."""
    one = computer(number)
    license_id = license_id_of(one.license_number)
    activation_id = keyring.digester.activation_id(license_id, one.request_id(1))
    return Seat(number, license_id, activation_id, 1)


async def seats_now(connection: asyncpg.Connection, seats: Mapping[int, Seat]) -> dict[int, Seat]:
    """Give seats with the counters that the database has."""
    rows = await connection.fetch(
        "SELECT activation_id, seq FROM activations WHERE license_id = ANY($1)",
        list({seat.license_id for seat in seats.values()}),
    )
    counters = {row["activation_id"]: row["seq"] for row in rows}
    return {
        number: replace(seat, seq=counters[seat.activation_id]) for number, seat in seats.items()
    }


def check_in(keyring: Keyring, seat: Seat) -> Request:
    """Make the next check-in of a seat."""
    token = keyring.tokens.make(seat.license_id, seat.activation_id, seat.seq)
    body = {**computer(seat.number).body(seat.seq + 1), "check_in_token": token}
    return f"/v1/activations/{seat.activation_id}/reactivations", as_json(body)


def activations(licenses: range) -> Iterator[Request]:
    """Make the first activation of each license, by a computer of its own."""
    for number in licenses:
        body = computer(number * SEATS).body(1)
        whole = {**body, "license_key": key_of(number), "product": PRODUCT}
        yield "/v1/activations", as_json(whole)
