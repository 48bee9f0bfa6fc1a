"""Consent to the newsletter: of a person of a license, for one e-mail address.

An app asks with `newsletter: true`; the consent counts once the person has confirmed it. That the
app tells nothing, or `false`, is no withdrawal. Who withdraws gets the address suppressed: then an
app that goes on to repeat `true` at its check-ins asks for nothing. A new activation with `true`
does ask anew; the address stays suppressed until that consent is confirmed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Self


class State(StrEnum):
    """Where a consent stands."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    """What moves a consent on."""

    CONFIRM = "confirm"
    WITHDRAW = "withdraw"


class Channel(StrEnum):
    """Through what a consent was asked for, confirmed or withdrawn."""

    APP = "app"
    EMAIL = "email"  # a link in a mail
    OPERATOR = "operator"
    ADDRESS_CHANGED = "address changed"
    LEDGER = "ledger"  # of erasures, after an older backup was restored


TRANSITIONS: Final[Mapping[tuple[State, Step], State]] = {
    (State.UNCONFIRMED, Step.CONFIRM): State.CONFIRMED,
    (State.UNCONFIRMED, Step.WITHDRAW): State.WITHDRAWN,
    (State.CONFIRMED, Step.WITHDRAW): State.WITHDRAWN,
}


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent with its evidence: which wording, and when and through what each step came."""

    email_digest: bytes = field(repr=False)
    state: State
    wording: str  # the version of the text beside the box
    app_version: str
    channel: Channel
    asked_at: datetime
    confirmed_at: datetime | None = None
    confirmed_by: Channel | None = None
    withdrawn_at: datetime | None = None
    withdrawn_by: Channel | None = None

    def is_in_force_for(self, email_digest: bytes | None) -> bool:
        """Whether it is a consent for this address that was not withdrawn, confirmed or not."""
        return self.email_digest == email_digest and self.state is not State.WITHDRAWN

    def after(self, step: Step, at: datetime, channel: Channel) -> Self:
        """Give the consent after a step; one that leads nowhere from here changes nothing."""
        state = TRANSITIONS.get((self.state, step))
        if state is None:
            return self
        if step is Step.CONFIRM:
            return replace(self, state=state, confirmed_at=at, confirmed_by=channel)
        return replace(self, state=state, withdrawn_at=at, withdrawn_by=channel)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an app told with `newsletter: true`."""

    wording: str
    app_version: str
    activates: bool  # other than at a check-in


def noted(
    known: Consent | None,
    email_digest: bytes | None,
    wish: Wish | None,
    now: datetime,
    *,
    suppressed: bool,
) -> Consent | None:
    """Decide on what an app told: give the consent of the person as it stands then.

    A consent is for an address: it ends when the person has another one, or none.
    """
    if known is not None and known.is_in_force_for(email_digest):
        return known
    if wish is not None and email_digest is not None and (wish.activates or not suppressed):
        return Consent(
            email_digest=email_digest,
            state=State.UNCONFIRMED,
            wording=wish.wording,
            app_version=wish.app_version,
            channel=Channel.APP,
            asked_at=now,
        )
    return known and known.after(Step.WITHDRAW, now, Channel.ADDRESS_CHANGED)
