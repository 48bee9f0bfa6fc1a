"""A computer's seat, the calls that ask for it, and what its last answer was made from."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from activation_server.rules import hardware
from activation_server.rules.license import App, Coverage
from activation_server.rules.reasons import Notice

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from activation_server.rules.values import dataclass


class Outcome(StrEnum):
    """What an answered call did: the `status` of the answer."""

    ACTIVATED = "activated"
    ALREADY_ACTIVATED = "already_activated"
    REACTIVATED = "reactivated"
    DEACTIVATED = "deactivated"


class RemovedBy(StrEnum):
    """Who took an activation's seat back."""

    APP = "app"
    ALLOWED = "allowed"  # by the app, once more than its terms allow: it is not counted
    SUPPORT = "support"
    PURCHASE = "purchase"  # of a license, in place of the trial


@dataclass(frozen=True, slots=True)
class Computer:
    """The operating system that asks, as the app reports it."""

    os_family: str
    os_version: str


@dataclass(frozen=True, slots=True)
class Call:
    """One request for a certificate, with its hardware already made into digests."""

    request_id: UUID
    digest: bytes = field(repr=False)  # of the whole body: tells a retry from a reuse
    nonce: bytes = field(repr=False)
    hardware: Mapping[str, bytes] = field(repr=False)  # of the usable components
    app: App
    computer: Computer
    virtual: bool | None = None  # whether it is a virtual machine; `None`: not known
    other_license: UUID | None = None  # of the same product, that the computer holds a seat of
    network: str | None = field(default=None, repr=False)  # where from, if it came online
    key_replaced_at: datetime | None = None  # the key that it came with, by a new one


@dataclass(frozen=True, slots=True)
class Answered:
    """What an activation's last answer was made from: a retry gets the very same again."""

    outcome: Outcome
    request_id: UUID
    request_digest: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    at: datetime
    check_in_after: datetime
    certificate_expires: datetime | None
    coverage: Coverage
    signing_key: int
    notices: tuple[Notice, ...]
    app: App
    computer: Computer


@dataclass(frozen=True, slots=True)
class Activation:
    """A computer's seat."""

    activation_id: UUID
    license_id: UUID
    hardware: Mapping[str, bytes] = field(repr=False)  # as reported last
    activated_at: datetime
    removed_at: datetime | None
    removed_by: RemovedBy | None
    seq: int
    fork_tip: int | None  # the counter that a branch left behind had reached
    virtual: bool  # a virtual machine
    leased_until: datetime | None  # of a floating seat
    lapsed: bool  # its lease ran out, and its seat was counted free
    last: Answered
    true_from: int | None = None  # support declared a branch true: tokens below are disowned
    true_tip: int | None = None  # … but for this one, which the true branch still holds
    told: bytes | None = field(default=None, repr=False)  # digest of what was told of its user

    @property
    def is_new(self) -> bool:
        """Whether it was answered once only: it is not stored yet when it is decided on."""
        return self.seq == 1

    def is_active(self, now: datetime) -> bool:
        """Whether it holds a seat at `now`."""
        over = self.leased_until is not None and now >= self.leased_until
        return self.removed_at is None and not self.lapsed and not over

    def is_virtual_for(self, call: Call) -> bool:
        """Whether its computer is a virtual machine: what a call does not tell has not changed."""
        return self.virtual if call.virtual is None else call.virtual

    def is_repeat_of(self, call: Call) -> bool:
        """Whether `call` is the last answered request once more, word for word."""
        return self._has_request_of(call) and self.last.request_digest == call.digest

    def is_reuse_by(self, call: Call) -> bool:
        """Whether `call` carries the last request's id with another body."""
        return self._has_request_of(call) and self.last.request_digest != call.digest

    def _has_request_of(self, call: Call) -> bool:
        return self.last.request_id == call.request_id


@dataclass(frozen=True, slots=True)
class Known:
    """The activations of a license that bear on an activation call."""

    seated: tuple[Activation, ...] = ()  # not removed, and share some value with this computer
    made_by_request: Activation | None = None  # was made by this request id, may be removed

    @classmethod
    def among(
        cls, activations: Iterable[Activation], observed: Mapping[str, bytes], activation_id: UUID
    ) -> "Known":
        """Those of a license's activations that bear on a call, which would make `activation_id`.

        Made by it, or seated and alike: an anchor's digest is the same.
        """
        bear = [
            one
            for one in activations
            if one.activation_id == activation_id
            or (one.removed_at is None and _alike(one.hardware, observed))
        ]
        return cls(
            seated=tuple(one for one in bear if one.removed_at is None),
            made_by_request=next((one for one in bear if one.activation_id == activation_id), None),
        )

    def on_this_computer(self, call: Call) -> Activation | None:
        """The seat of the computer that calls: the one that has most in common with it.

        Where several match alike, it is the same one at each call: a retry must find its answer.
        """
        same = [one for one in self.seated if hardware.same_computer(call.hardware, one.hardware)]

        def order(one: Activation) -> tuple[bool, bool, int, datetime, UUID]:
            changed = len(hardware.changed(call.hardware, one.hardware))
            again = one.is_repeat_of(call)
            return not again, one.lapsed, changed, one.activated_at, one.activation_id

        return min(same, key=order, default=None)

    def is_reuse_by(self, call: Call) -> bool:
        """Whether the call's request id was used before, with another body."""
        made = self.made_by_request
        other_computer = made is not None and not hardware.same_computer(
            call.hardware, made.hardware
        )
        return other_computer or any(
            one.is_reuse_by(call) for one in (made, *self.seated) if one is not None
        )


def _alike(hardware_: Mapping[str, bytes], other: Mapping[str, bytes]) -> bool:
    """Whether an anchor's digest stands in both, under whatever name."""
    anchors = {other[name] for name in hardware.ANCHORS & other.keys()}
    return not anchors.isdisjoint(hardware_.values())
