"""Activations, pooled as check-ins are: read in one statement, decided, written in another.

That is for plain ones: a computer that is new to a license of few seats, with nothing to be ended,
looked up or limited beside. Any other, and one whose license somebody else changed meanwhile, is
done again by itself in `services/activation.py`, with the license locked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeAlias
from uuid import UUID

import structlog

from activation_server.rules import activation as rules
from activation_server.rules import signing_keys
from activation_server.rules.activation import Granted, Repeated
from activation_server.rules.history import EventKind
from activation_server.rules.reasons import Reason, Refused
from activation_server.rules.seat import Known
from activation_server.services import people
from activation_server.services.activation import activate_alone
from activation_server.services.calls import (
    Certified,
    Decided,
    Request,
    Seats,
    certify,
    hardware_token,
    key_digests,
    line_of,
    pooled_call,
)
from activation_server.services.context import Context
from activation_server.services.releases import versions_of
from activation_server.services.sealed_people import seal_computer, seal_person
from activation_server.store import new_seats as store
from activation_server.store.driver import Driver
from activation_server.store.license_rows import CertifiedLicense
from activation_server.store.new_seats import MOST_SEATS, Facts, NewSeat, Wanted

log = structlog.get_logger()

Plain: TypeAlias = Decided[CertifiedLicense]


@dataclass(frozen=True, slots=True)
class Call:
    """An activation, and what its license and its computer are looked up by."""

    request: Request
    wanted: Wanted
    now: datetime


@dataclass(frozen=True, slots=True)
class Drafted:
    """A plain decision, and what is to be written for it; nothing for a repeated one."""

    decided: Plain
    seat: NewSeat | None = None


async def activate(context: Context, request: Request) -> Certified | Refused:
    """Activate a computer for a license key."""
    digests = key_digests(context, request.product or "", request.license_key or "")
    wanted = Wanted(*digests, hardware_token(context, request), versions_of(request.app))
    call = Call(request, wanted, context.now())
    decided = await context.new_seats.ask(call, partial(take, context))
    if decided is None:
        return await activate_alone(context, request)
    return decided if isinstance(decided, Refused) else await certify(context, decided)


async def take(context: Context, calls: Sequence[Call]) -> Sequence[Plain | Refused | None]:
    """Do the plain ones of a batch, durably; gives `None` for each that is to go by itself."""

    async def work(connection: Driver) -> Sequence[Plain | Refused | None]:
        found = await store.read(connection, [call.wanted for call in calls])
        drafts = [
            None if facts is None else _decide(context, facts, call)
            for facts, call in zip(found, calls, strict=True)
        ]
        stand = await _written(connection, drafts)
        return [
            # Unknown, mistyped and another product's: found out and answered alike.
            Refused(Reason.LICENSE_NOT_FOUND) if facts is None else each
            for facts, each in zip(found, stand, strict=True)
        ]

    try:
        return await context.database.pooled(work)
    except Exception as error:  # noqa: BLE001 - whatever it is: each one meets it by itself, and tells
        log.warning("activations_one_by_one", count=len(calls), kind=type(error).__name__)
        return [None] * len(calls)


async def _written(connection: Driver, drafts: Sequence[Drafted | None]) -> Sequence[Plain | None]:
    """Write the seats that are taken; give what stands, of two seats of a license the first."""
    seats: dict[UUID, NewSeat] = {}
    for draft in drafts:
        if draft is not None and draft.seat is not None:
            seats.setdefault(draft.seat.activation.license_id, draft.seat)
    written = await store.write(connection, list(seats.values())) if seats else ()
    kept = {id(seat) for license_id, seat in seats.items() if license_id in written}
    return [
        draft.decided
        if draft is not None and (draft.seat is None or id(draft.seat) in kept)
        else None
        for draft in drafts
    ]


def _decide(context: Context, facts: Facts, call: Call) -> Drafted | None:
    """Decide by the same rule as one by one; `None` for what is not plain."""
    request, stored, license_ = call.request, facts.stored, facts.stored.license
    if not _may_be_plain(facts):
        return None
    asked = pooled_call(context, request, license_, facts.releases)
    activation_id = context.keyring.digester.activation_id(license_.license_id, request.request_id)
    known = Known.among(facts.activations, asked.hardware, activation_id)
    decision = rules.activate(asked, license_, known, activation_id, stored.signing_key, call.now)
    if isinstance(decision, Refused):
        return None
    last, used = decision.activation.last, license_.seats_used
    if isinstance(decision, Repeated):
        seats = Seats(license_.terms.seats, used)
        current = last.signing_key == stored.signing_key
        return Drafted(Decided(stored, decision, seats)) if current else None
    only_activated = [event.kind for event in decision.events] == [EventKind.ACTIVATED]
    covered = not signing_keys.cover(stored.key_covers_until, last.certificate_expires)
    if not (decision.takes_seat and only_activated and covered):
        return None
    return _draft(context, facts, call, decision)


def _may_be_plain(facts: Facts) -> bool:
    """Whether nothing more is to be asked of the database before the decision."""
    license_ = facts.stored.license
    terms = license_.terms
    limited = terms.virtual_seats is not None or terms.one_license_per_computer
    floats = terms.floating_minutes is not None
    looked_up = facts.computer_is_known or facts.key_is_replaced
    return not (limited or floats or looked_up or len(facts.activations) > MOST_SEATS)


def _draft(context: Context, facts: Facts, call: Call, granted: Granted) -> Drafted | None:
    """Say what is written for a new seat; `None` where its user may be somebody who is known."""
    activation, told = granted.activation, call.request.told
    news = people.news(context, activation, told)
    stored, license_ = facts.stored, facts.stored.license
    person = computer = None
    if news is not None:
        if facts.has_people or facts.activations or told.newsletter:
            return None
        activation = replace(activation, told=news)
        user = people.first_user(context, activation, told, call.now)
        person = seal_person(context.keyring.vault, user)
        computer = seal_computer(user, activation.activation_id)
    [event] = granted.events
    seat = NewSeat(
        activation=activation,
        hardware_token=call.wanted.hardware_token,
        version=facts.version,
        event=line_of(context, event),
        person=person,
        computer=computer,
    )
    seats = Seats(license_.terms.seats, license_.seats_used + 1)
    return Drafted(Decided(stored, replace(granted, activation=activation), seats), seat)
