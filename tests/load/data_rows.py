"""Activated computers as rows for COPY, made by the server's own functions."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from activation_server.crypto.digests import hardware_digests
from activation_server.rules.activation import Granted, activate
from activation_server.rules.hardware import identity, usable
from activation_server.rules.license import App, License, Terms
from activation_server.rules.seat import Call, Known
from activation_server.rules.seat import Computer as System
from activation_server.services.context import Context, Randomness
from activation_server.services.keys import FIRST_KEY
from activation_server.store import activation_rows, events, licenses, tables
from activation_server.store.events import StoredEvent
from activation_server.store.licenses import NewLicense
from tests.load.computers import APP, OS, SEATS, Computer, Drawn, new_license

_TERMS = Terms(seats=SEATS)
_APP, _SYSTEM = App(APP["version"]), System(OS["family"], OS["version"])


class Copy:
    """Rows of a table as asyncpg's COPY takes them."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.names: list[str] = []  # of the columns that are given; the others have defaults
        self.rows: list[tuple[Any, ...]] = []

    def add(self, values: Mapping[str, Any]) -> None:
        """Add a row; all give the same columns."""
        self.names = self.names or list(values)
        given = map(values.__getitem__, self.names)
        self.rows.append(
            tuple(
                value if convert is None or value is None else convert(value)
                for convert, value in zip(self._converters, given, strict=True)
            )
        )

    @cached_property
    def _converters(self) -> list[Any]:
        """How SQLAlchemy hands each column's values to the driver."""
        postgres = dialect()
        types = [self.table.c[name].type.dialect_impl(postgres) for name in self.names]
        return [type_.bind_processor(postgres) for type_ in types]


class Chunk:
    """The rows of some licenses and of all computers that have a seat of them."""

    def __init__(self, context: Context, now: datetime) -> None:
        self.context, self.now = context, now
        self.licenses = Copy(tables.licenses)
        self.license_keys = Copy(tables.license_keys)
        self.activations = Copy(tables.activations)
        self.events = Copy(tables.events)

    def __iter__(self) -> Iterator[Copy]:
        return iter((self.licenses, self.license_keys, self.activations, self.events))

    def add_license(self, number: int, computers: list[Computer]) -> None:
        """Add a license, with the computers that are activated on it."""
        new = new_license(self.context, number)
        started = self.now if computers else None
        columns = licenses.columns_of(new)
        self.licenses.add({**columns, "seats_used": len(computers), "started_at": started})
        for digest in new.key_digests:
            self.license_keys.add({"digest": digest, "license_id": new.license_id})
        for each in computers:
            self._activate(new, each)

    def _activate(self, new: NewLicense, computer: Computer) -> None:
        digester, request_id = self.context.keyring.digester, computer.request_id(1)
        activation_id = digester.activation_id(new.license_id, request_id)
        values = usable(computer.hardware_id, computer.components)
        decision = activate(
            self._call(new, computer, values),
            self._license(new),
            Known(),
            activation_id,
            FIRST_KEY,
            self.now,
        )
        assert isinstance(decision, Granted), decision
        token = digester.hardware(identity(values))
        self.activations.add(activation_rows.columns_of(decision.activation, token))
        for event in decision.events:
            event_id = Randomness(Drawn(f"event {computer.number}")).uuid()
            line = StoredEvent(self.now, event_id, event.kind, event.details)
            self.events.add(events.columns_of(new.license_id, line))

    def _call(self, new: NewLicense, computer: Computer, values: Mapping[str, str]) -> Call:
        request_id = computer.request_id(1)
        return Call(
            request_id=request_id,
            digest=self.context.keyring.digester.request_body(request_id.bytes),
            nonce=Drawn(f"nonce {computer.number} 1")(16),
            hardware=hardware_digests(new.hardware_salt, values),
            app=_APP,
            computer=_SYSTEM,
        )

    def _license(self, new: NewLicense) -> License:
        return License(
            license_id=new.license_id,
            product=new.product,
            policy=new.policy,
            status=new.status,
            terms=_TERMS,
            issued_at=new.issued_at,
            started_at=None,
            expires_at=None,
            maintenance_until=None,
            seats_used=0,
            hardware_salt=new.hardware_salt,
        )
