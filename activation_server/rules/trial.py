"""Trials: a license of one seat that a computer is given without a key, once in a while."""

from datetime import datetime
from uuid import UUID

from activation_server.rules import activation
from activation_server.rules.activation import Granted, Repeated
from activation_server.rules.calendar import add_months
from activation_server.rules.license import License, rfc3339
from activation_server.rules.reasons import Reason, Refused
from activation_server.rules.seat import Call, Known


def again_at(given_at: datetime, months: int | None) -> datetime | None:
    """When a computer may have another trial; `None` for never."""
    return None if months is None else add_months(given_at, months)


def may_start_again(given_at: datetime, months: int | None, now: datetime) -> bool:
    """Whether a computer whose last trial, which is over, was given then may have another."""
    again = again_at(given_at, months)
    return again is not None and now >= again


def used(given_at: datetime, months: int | None) -> Refused:
    """Refuse another trial, and tell when there may be one."""
    again = again_at(given_at, months)
    evidence = {"given": rfc3339(given_at), "again": None if again is None else rfc3339(again)}
    return Refused(Reason.TRIAL_ALREADY_USED, evidence)


def activate(
    call: Call, license_: License, known: Known, activation_id: UUID, key: int, now: datetime
) -> Granted | Repeated | Refused:
    """Decide on a trial that was given to this computer: while it runs, its answer is the same."""
    decision = activation.activate(call, license_, known, activation_id, key, now)
    if not isinstance(decision, Refused) or decision.reason not in _USED:
        return decision
    if "per" in decision.evidence:
        return decision  # a limit of another kind
    seat = known.on_this_computer(call)
    virtual = bool(call.virtual) if seat is None else seat.is_virtual_for(call)
    refusal = activation.refuse_computer(call, license_, virtual=virtual)
    return refusal or used(license_.issued_at, license_.terms.trial_again_months)


# What is said of the trial's license, which the person never saw.
_USED = frozenset({Reason.LICENSE_EXPIRED, Reason.SEAT_LIMIT_REACHED})
