"""Check-ins, pooled: those that arrive together are read in one statement and written in another.

That is for plain ones, which change nothing but the seat's last answer: nearly all of them. Any
other (a fork, changed hardware, news of a person, a floating seat, a refusal, a row that somebody
else changed meanwhile) is done again by itself, under its lock, in `services/activation.py`. So
one that is bad or slow harms none of those it came with, and each rule stands in one place.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

import structlog

from activation_server.crypto.tokens import Presented
from activation_server.rules import activation as rules
from activation_server.rules import signing_keys
from activation_server.rules.activation import Granted, Repeated
from activation_server.rules.reasons import Reason, Refused
from activation_server.rules.seat import Activation
from activation_server.services import people
from activation_server.services.activation import reactivate_alone
from activation_server.services.calls import (
    Certified,
    Decided,
    Request,
    Seats,
    certify,
    pooled_call,
)
from activation_server.services.context import Context
from activation_server.services.releases import versions_of
from activation_server.store import check_ins as store
from activation_server.store.check_ins import Seat, Wanted
from activation_server.store.driver import Driver
from activation_server.store.license_rows import CertifiedLicense

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from activation_server.rules.values import dataclass

log = structlog.get_logger()

Plain: TypeAlias = Decided[CertifiedLicense]


@dataclass(frozen=True, slots=True)
class CheckIn:
    """A check-in whose token is authentic."""

    activation_id: UUID
    presented: Presented
    request: Request
    now: datetime


async def reactivate(
    context: Context, activation_id: UUID, check_in_token: str, request: Request
) -> Certified | Refused:
    """Take a periodic check-in. A forged token is refused without touching the database."""
    presented = context.keyring.tokens.check(check_in_token, activation_id)
    if presented is None:
        return Refused(Reason.ACTIVATION_NOT_FOUND)
    if limited := context.limits.check_in_of(presented.license_id):
        return limited
    check_in = CheckIn(activation_id, presented, request, context.now())
    decided = await context.check_ins.ask(check_in, partial(take, context))
    if decided is None:
        return await reactivate_alone(context, activation_id, check_in_token, request)
    return await certify(context, decided)


async def take(context: Context, check_ins: Sequence[CheckIn]) -> Sequence[Plain | None]:
    """Do the plain ones of a batch, durably; gives `None` for each that is to go by itself."""

    async def work(connection: Driver) -> Sequence[Plain | None]:
        wanted = [
            Wanted(each.presented.license_id, each.activation_id, versions_of(each.request.app))
            for each in check_ins
        ]
        seats = await store.read(connection, wanted)
        decided = [
            None if seat is None else _decide(context, seat, check_in)
            for seat, check_in in zip(seats, check_ins, strict=True)
        ]
        return await _written(connection, seats, decided)

    try:
        return await context.database.pooled(work)
    except Exception as error:  # noqa: BLE001 - whatever it is: each one meets it by itself, and tells
        log.warning("check_ins_one_by_one", count=len(check_ins), kind=type(error).__name__)
        return [None] * len(check_ins)


async def _written(
    connection: Driver, seats: Sequence[Seat | None], decided: Sequence[Plain | None]
) -> Sequence[Plain | None]:
    """Write what is granted; give what stands, of two grants of one seat the first."""
    granted: dict[UUID, tuple[Seat, Activation]] = {}
    first: list[Plain | None] = []
    for seat, each in zip(seats, decided, strict=True):
        stays = each
        if seat is not None and each is not None and isinstance(each.decision, Granted):
            activation = each.decision.activation
            if activation.activation_id in granted:
                stays = None
            else:
                granted[activation.activation_id] = seat, activation
        first.append(stays)
    written = await store.write(connection, list(granted.values())) if granted else ()
    return [each if each is None or _stands(each, written) else None for each in first]


def _stands(each: Plain, written: Collection[UUID]) -> bool:
    """Whether a decision is in the database: a repeated one changes nothing there."""
    activation = each.decision.activation
    return isinstance(each.decision, Repeated) or activation.activation_id in written


def _decide(context: Context, seat: Seat, check_in: CheckIn) -> Plain | None:
    """Decide by the same rule as one by one; `None` for what is not plain."""
    request, stored, activation = check_in.request, seat.stored, seat.activation
    license_ = stored.license
    if not _may_be_plain(seat, request):
        return None
    call = pooled_call(context, request, license_, seat.releases, activation)
    decision = rules.reactivate(
        call, check_in.presented.seq, activation, license_, stored.signing_key, check_in.now
    )
    if isinstance(decision, Refused) or not _is_plain(context, seat, decision, request):
        return None
    return Decided(stored, decision, Seats(license_.terms.seats, license_.seats_used))


def _may_be_plain(seat: Seat, request: Request) -> bool:
    """Whether nothing more is to be asked of the database before the decision."""
    license_, activation = seat.stored.license, seat.activation
    floats = license_.terms.floating_minutes is not None or activation.leased_until is not None
    other = request.product not in {None, license_.product}
    named = request.license_key is not None
    return not (floats or activation.lapsed or other or named)


def _is_plain(context: Context, seat: Seat, decision: Granted | Repeated, request: Request) -> bool:
    """Whether a decision changes nothing but the seat's last answer."""
    before, after = seat.activation, decision.activation
    stored = seat.stored
    if isinstance(decision, Repeated):
        return after.last.signing_key == stored.signing_key
    return (
        not decision.events
        and after.hardware == before.hardware  # not even a part more than before
        and after.fork_tip == before.fork_tip
        and before.true_tip is None
        and not decision.takes_seat
        and people.news(context, after, request.told) is None
        and not signing_keys.cover(stored.key_covers_until, after.last.certificate_expires)
    )
