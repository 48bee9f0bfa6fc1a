"""An activation as a row of its table, and back."""

from collections.abc import Sequence
from typing import Any

from activation_server.rules.license import App
from activation_server.rules.reasons import Notice
from activation_server.rules.seat import Activation, Answered, Computer, Outcome, RemovedBy
from activation_server.store.packed import (
    coverage_from_text,
    coverage_to_text,
    hardware_from_bytes,
    hardware_to_bytes,
)
from activation_server.store.tables import activations

_A = activations.c
STORED = (
    _A.license_id,
    _A.activation_id,
    _A.hardware,
    _A.activated_at,
    _A.removed_at,
    _A.removed_by,
    _A.seq,
    _A.fork_tip,
    _A.virtual,
    _A.leased_until,
    _A.lapsed,
    _A.true_from,
    _A.true_tip,
    _A.told_digest,
    _A.outcome,
    _A.request_id,
    _A.request_digest,
    _A.nonce,
    _A.answered_at,
    _A.check_in_after,
    _A.certificate_expires,
    _A.coverage,
    _A.signing_key,
    _A.notices,
    _A.app_version,
    _A.app_edition,
    _A.os_family,
    _A.os_version,
)
# Looked up in these, which is faster than in the enumerations.
_OUTCOMES = {each.value: each for each in Outcome}
_REMOVED_BY = {each.value: each for each in RemovedBy}


def columns_of(activation: Activation, hardware_token: bytes) -> dict[str, Any]:
    """Give the columns of a new activation's row."""
    return {
        "license_id": activation.license_id,
        "activation_id": activation.activation_id,
        "hardware_token": hardware_token,
        "activated_at": activation.activated_at,
        **answer_columns(activation),
    }


def answer_columns(activation: Activation) -> dict[str, Any]:
    """Give the columns that an activation's newest answer is made from."""
    last = activation.last
    return {
        "hardware": hardware_to_bytes(activation.hardware),
        "seq": activation.seq,
        "fork_tip": activation.fork_tip,
        "virtual": activation.virtual,
        "leased_until": activation.leased_until,
        "lapsed": activation.lapsed,
        "true_tip": activation.true_tip,
        "outcome": last.outcome,
        "request_id": last.request_id,
        "request_digest": last.request_digest,
        "nonce": last.nonce,
        "answered_at": last.at,
        "check_in_after": last.check_in_after,
        "certificate_expires": last.certificate_expires,
        "coverage": coverage_to_text(last.coverage),
        "signing_key": last.signing_key,
        "notices": last.notices or None,
        "app_version": last.app.version,
        "app_edition": last.app.edition,
        "os_family": last.computer.os_family,
        "os_version": last.computer.os_version,
        "told_digest": activation.told,
    }


def activation_of(row: Sequence[Any]) -> Activation:
    """Make the columns of `STORED`, in their order, into an activation."""
    (
        license_id,
        activation_id,
        hardware,
        activated_at,
        removed_at,
        removed_by,
        seq,
        fork_tip,
        virtual,
        leased_until,
        lapsed,
        true_from,
        true_tip,
        told_digest,
        outcome,
        request_id,
        request_digest,
        nonce,
        answered_at,
        check_in_after,
        certificate_expires,
        coverage,
        signing_key,
        notices,
        app_version,
        app_edition,
        os_family,
        os_version,
    ) = row
    return Activation(
        activation_id=activation_id,
        license_id=license_id,
        hardware=hardware_from_bytes(hardware),
        activated_at=activated_at,
        removed_at=removed_at,
        removed_by=None if removed_by is None else _REMOVED_BY[removed_by],
        seq=seq,
        fork_tip=fork_tip,
        virtual=virtual,
        leased_until=leased_until,
        lapsed=lapsed,
        true_from=true_from,
        true_tip=true_tip,
        told=told_digest,
        last=Answered(
            outcome=_OUTCOMES[outcome],
            request_id=request_id,
            request_digest=request_digest,
            nonce=nonce,
            at=answered_at,
            check_in_after=check_in_after,
            certificate_expires=certificate_expires,
            coverage=coverage_from_text(coverage),
            signing_key=signing_key,
            notices=() if notices is None else tuple(map(Notice, notices)),
            app=App(version=app_version, edition=app_edition),
            computer=Computer(os_family=os_family, os_version=os_version),
        ),
    )
