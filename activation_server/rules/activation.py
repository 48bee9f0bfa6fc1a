"""Activate, check in, give back: facts and `now` in, a decision out.

A decision that grants carries the activation as it is to be stored; the certificate and the
check-in token are made from what was stored, so a retry gets the very same answer.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from activation_server.rules import branch as branches
from activation_server.rules import hardware
from activation_server.rules.branch import BRANCH_NOTICES, Branch, branch_of
from activation_server.rules.history import Event, EventKind
from activation_server.rules.license import (
    License,
    Virtual,
    after,
    notices,
    refuse_app,
    refuse_standing,
    rfc3339,
)
from activation_server.rules.reasons import KEY_REPLACED, Notice, Reason, Refused
from activation_server.rules.seat import Activation, Answered, Call, Known, Outcome, RemovedBy

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from activation_server.rules.values import dataclass


@dataclass(frozen=True, slots=True)
class Granted:
    """A call that changes something: the activation to store, and what else follows."""

    activation: Activation
    takes_seat: bool = False  # also true of a lapsed seat that is taken up again
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Repeated:
    """A retry: nothing changes, and the stored activation answers again."""

    activation: Activation


def activate(
    call: Call, license_: License, known: Known, activation_id: UUID, key: int, now: datetime
) -> Granted | Repeated | Refused:
    """Decide on an activation; `key` is the signing key that certifies from now on."""
    if known.made_by_request is not None and known.made_by_request.removed_at is not None:
        return Refused(Reason.ACTIVATION_REMOVED)
    if known.is_reuse_by(call):
        return Refused(Reason.REQUEST_ID_REUSED)
    if refusal := _refuse_key(call) or refuse_standing(license_, now):
        return refusal
    current = known.on_this_computer(call)
    if current is not None and current.is_repeat_of(call):
        return Repeated(current)
    virtual = bool(call.virtual) if current is None else current.is_virtual_for(call)
    if refusal := refuse_computer(call, license_, virtual=virtual):
        return refusal
    if current is not None and not current.lapsed:
        events, told = _drift(current, call)
        answer = _answered(call, license_, Outcome.ALREADY_ACTIVATED, key, told, now)
        return Granted(_renewed(current, call, license_, answer), events=events)
    if refusal := _refuse_seat(call, license_, virtual=virtual):
        return refusal
    taken = _one_more_taken(license_)
    events, told = ((), ()) if current is None else _drift(current, call)
    answer = _answered(call, taken, Outcome.ACTIVATED, key, told, now)
    if current is None:
        seat = _first(call, license_, activation_id, answer)
        return _seated(seat, taken, (_activated(seat),))
    return _seated(_renewed(current, call, license_, answer), taken, events)


def _refuse_key(call: Call) -> Refused | None:
    """Why the key can't be used, whatever the license: a new one was issued in its place."""
    at = call.key_replaced_at
    return None if at is None else Refused(Reason.LICENSE_REVOKED, {KEY_REPLACED: rfc3339(at)})


def _activated(activation: Activation) -> Event:
    return Event(EventKind.ACTIVATED, {"activation_id": str(activation.activation_id)})


def _one_more_taken(license_: License) -> License:
    return replace(license_, seats_used=license_.seats_used + 1)


def _seated(activation: Activation, taken: License, events: tuple[Event, ...]) -> Granted:
    """What is granted where one seat more is in use: `taken` is the license with it."""
    over = (Event(EventKind.OVERAGE, _seats(taken)),) if taken.is_overused() else ()
    return Granted(activation, takes_seat=True, events=events + over)


def _seats(license_: License) -> dict[str, object]:
    return {"limit": license_.terms.seats, "used": license_.seats_used}


def _refuse_seat(call: Call, license_: License, *, virtual: bool) -> Refused | None:
    """Why this computer may not take one more seat; `None` when it may."""
    terms = license_.terms
    if terms.one_license_per_computer and call.other_license is not None:
        other = {"per": "computer", "license_id": str(call.other_license)}
        return Refused(Reason.SEAT_LIMIT_REACHED, {"limit": 1, "used": 1, **other})
    limit, used = terms.virtual_seats, license_.virtual_seats_used
    if virtual and limit is not None and used >= limit:
        evidence = {"limit": limit, "used": used, "per": "virtual machines"}
        return Refused(Reason.SEAT_LIMIT_REACHED, evidence)
    if not license_.has_free_seat():
        return Refused(Reason.SEAT_LIMIT_REACHED, _seats(license_))
    return None


def reactivate(
    call: Call, token_seq: int, activation: Activation, license_: License, key: int, now: datetime
) -> Granted | Repeated | Refused:
    """Decide on a check-in; `token_seq` is the counter in the (authentic) check-in token."""
    if activation.removed_at is not None:
        return Refused(Reason.ACTIVATION_REMOVED)
    if activation.is_reuse_by(call):
        return Refused(Reason.REQUEST_ID_REUSED)
    if refusal := refuse_standing(license_, now):
        return refusal
    if activation.is_repeat_of(call) and not branches.last_is_disowned(activation):
        return Repeated(activation)
    branch = branch_of(activation, token_seq)
    virtual = activation.is_virtual_for(call)
    if refusal := (
        refuse_computer(call, license_, virtual=virtual)
        or branches.refuse(branch, call, token_seq, activation, license_)
        or _refuse_other_hardware(call, activation)
        or (_refuse_seat(call, license_, virtual=virtual) if activation.lapsed else None)
    ):
        return refusal
    changes, drift = _drift(activation, call)
    events = branches.events(branch, call, token_seq, activation) + changes
    in_use = _one_more_taken(license_) if activation.lapsed else license_
    told = BRANCH_NOTICES[branch] + drift
    answer = _answered(call, in_use, Outcome.REACTIVATED, key, told, now)
    if branch is Branch.CLONE:
        answer = _shortened(answer, license_.terms.clone_certificate_hours)
    renewed = _renewed(_seen(activation, branch, token_seq), call, license_, answer)
    return (
        _seated(renewed, in_use, events) if activation.lapsed else Granted(renewed, events=events)
    )


def _seen(activation: Activation, branch: Branch, token_seq: int) -> Activation:
    """The activation with what the counter of a token tells of it."""
    if branch is Branch.AHEAD:
        return replace(activation, seq=token_seq)
    if branch in {Branch.FORK, Branch.CLONE}:
        return replace(activation, fork_tip=activation.seq)
    return activation


def deactivate(
    request_id: UUID, activation: Activation, license_: License, given_back: int, now: datetime
) -> Granted | Repeated | Refused:
    """Decide on giving a seat back, which needs no standing of the license.

    `given_back` is how many of its seats apps have given back in the last `transfer_days`.
    """
    if activation.removed_by in {RemovedBy.APP, RemovedBy.ALLOWED}:
        return Repeated(activation)
    if activation.removed_at is not None:
        return Refused(Reason.ACTIVATION_REMOVED)
    if activation.last.request_id == request_id:
        return Refused(Reason.REQUEST_ID_REUSED)
    limit, days = license_.terms.transfers, license_.terms.transfer_days
    if limit is not None and given_back >= limit:
        if license_.transfer_allowed:
            told = {"allowed_by": RemovedBy.SUPPORT.value}
            return remove(activation, RemovedBy.ALLOWED, EventKind.DEACTIVATED, told, now)
        evidence = {"limit": limit, "used": given_back, "days": days}
        return Refused(Reason.TRANSFER_LIMIT_REACHED, evidence)
    return remove(activation, RemovedBy.APP, EventKind.DEACTIVATED, {}, now)


def remove(
    activation: Activation,
    by: RemovedBy,
    kind: EventKind,
    details: Mapping[str, object],
    now: datetime,
) -> Granted:
    """The activation without its seat, and the event that says so."""
    event = Event(kind, {"activation_id": str(activation.activation_id), **details})
    return Granted(replace(activation, removed_at=now, removed_by=by), events=(event,))


def refuse_computer(call: Call, license_: License, *, virtual: bool) -> Refused | None:
    """Why a license does not cover this app on this computer; `None` when it does."""
    if refusal := refuse_app(license_, call.app):
        return refusal
    if hardware.ANCHORS.isdisjoint(call.hardware):
        return Refused(Reason.HARDWARE_ID_UNUSABLE)
    if virtual and license_.terms.virtual is Virtual.REFUSE:
        return Refused(Reason.VIRTUAL_MACHINE_REFUSED)
    return None


def _refuse_other_hardware(call: Call, activation: Activation) -> Refused | None:
    if hardware.same_computer(call.hardware, activation.hardware):
        return None
    differ = hardware.changed(call.hardware, activation.hardware)
    return Refused(Reason.HARDWARE_MISMATCH, {"components": differ or sorted(activation.hardware)})


def _drift(activation: Activation, call: Call) -> tuple[tuple[Event, ...], tuple[Notice, ...]]:
    """What changed in a computer that is still the same one."""
    names = hardware.changed(call.hardware, activation.hardware)
    if not names:
        return (), ()
    details = {"activation_id": str(activation.activation_id), "components": names}
    return (Event(EventKind.HARDWARE_CHANGED, details),), (Notice.HARDWARE_CHANGED,)


def _shortened(answer: Answered, hours: int) -> Answered:
    """The answer with a certificate that ends soon."""
    soon = answer.at + timedelta(hours=hours)
    expires = min(soon, answer.certificate_expires or soon)
    check_in_after = min(answer.check_in_after, expires)
    return replace(answer, certificate_expires=expires, check_in_after=check_in_after)


def _first(call: Call, license_: License, activation_id: UUID, answer: Answered) -> Activation:
    return Activation(
        activation_id=activation_id,
        license_id=license_.license_id,
        hardware=call.hardware,
        activated_at=answer.at,
        removed_at=None,
        removed_by=None,
        seq=1,
        fork_tip=None,
        virtual=bool(call.virtual),
        leased_until=_leased_until(license_, answer.at),
        lapsed=False,
        last=answer,
    )


def _renewed(activation: Activation, call: Call, license_: License, answer: Answered) -> Activation:
    return Activation(  # each by its name: `replace` looks through all of them, at every check-in
        activation_id=activation.activation_id,
        license_id=activation.license_id,
        hardware=call.hardware,  # what was reported last counts from now on
        activated_at=activation.activated_at,
        removed_at=activation.removed_at,
        removed_by=activation.removed_by,
        seq=activation.seq + 1,
        fork_tip=activation.fork_tip,
        virtual=activation.is_virtual_for(call),
        leased_until=_leased_until(license_, answer.at),
        lapsed=False,
        last=answer,
        true_from=activation.true_from,
        true_tip=None,
        told=activation.told,
    )


def _answered(
    call: Call,
    license_: License,
    outcome: Outcome,
    key: int,
    told: tuple[Notice, ...],
    now: datetime,
) -> Answered:
    """What the answer is made from, with all that it tells: a retry is told the same."""
    check_in_after, expires = _schedule(license_, now)
    coverage = license_.coverage(now)
    return Answered(
        outcome=outcome,
        request_id=call.request_id,
        request_digest=call.digest,
        nonce=call.nonce,
        at=now,
        check_in_after=check_in_after,
        certificate_expires=expires,
        coverage=coverage,
        signing_key=key,
        notices=notices(license_, coverage, now) + told,
        app=call.app,
        computer=call.computer,
    )


def _leased_until(license_: License, now: datetime) -> datetime | None:
    minutes = license_.terms.floating_minutes
    return None if minutes is None else now + timedelta(minutes=minutes)


def _schedule(license_: License, now: datetime) -> tuple[datetime, datetime | None]:
    """When to check in next, and when the certificate ends: never after the license does."""
    lifetime, stop = license_.terms.lifetime, license_.stops_at(now)
    ends = [after(now, lifetime)] if lifetime else []
    expires = min([*ends, *([stop] if stop else [])], default=None)
    check_in_after = after(now, license_.terms.check_in_span)
    return (min(check_in_after, expires) if expires else check_in_after), expires
