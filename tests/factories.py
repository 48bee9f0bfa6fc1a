"""Facts for the tests of the rules, each with a sensible default."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from activation_server.rules.activation import Granted, activate
from activation_server.rules.license import App, License, Status, Terms
from activation_server.rules.seat import Activation, Call, Computer, Known

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
DAY = timedelta(days=1)
LICENSE_ID = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
ACTIVATION_ID = UUID("0f8fad5b-d9cb-869f-a165-000000000001")
KEY = 1

THIS_COMPUTER = {"hardware_id": b"this computer..."}
OTHER_COMPUTER = {"hardware_id": b"another computer"}


def make_license(terms: Terms | None = None, **values: Any) -> License:
    """An active license of one seat, for ever."""
    plain = License(
        license_id=LICENSE_ID,
        product="backup-pro",
        policy="standard",
        status=Status.ACTIVE,
        terms=terms or Terms(),
        issued_at=NOW - 10 * DAY,
        started_at=None,
        expires_at=None,
        maintenance_until=None,
        seats_used=0,
        hardware_salt=b"salt" * 4,
    )
    return replace(plain, **values)


def make_call(number: int = 1, **values: Any) -> Call:
    """A call from this computer; another number is another request."""
    plain = Call(
        request_id=UUID(int=number),
        digest=number.to_bytes(16),
        nonce=b"nonce" * 4,
        hardware=THIS_COMPUTER,
        app=App("9.9.1234"),
        computer=Computer("windows", "10.0"),
    )
    return replace(plain, **values)


def make_activation(license_: License | None = None, **values: Any) -> Activation:
    """This computer's seat, taken by request 1."""
    granted = activate(
        make_call(), license_ or make_license(), Known(), ACTIVATION_ID, KEY, NOW - 2 * DAY
    )
    assert isinstance(granted, Granted)
    return replace(granted.activation, **values)
