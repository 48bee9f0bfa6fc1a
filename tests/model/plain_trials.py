"""Trials, in the model: given to a computer without a key, ended by a bought one."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from activation_server.rules.license import Overage
from activation_server.rules.reasons import Reason
from tests.model import plain_hardware as hardware
from tests.model.plain import Plain
from tests.model.plain_licenses import text
from tests.model.records import Answer, Asked, License, Refusal

TRIAL = "trial"  # the policy that trials get
NOBODY = UUID(int=0)


@dataclass(frozen=True)
class Given:
    """A trial that a computer was given."""

    sold: License
    at: datetime


@dataclass
class PlainWithTrials(Plain):
    """The server, and what each computer had of each product."""

    given: dict[tuple[str, Any], Given] = field(default_factory=dict)

    def activate(self, asked: Asked) -> Answer | Refusal:
        answer = super().activate(asked)
        if isinstance(answer, Answer) and not answer.repeated:
            [sold] = [sold for sold in self.licenses if answer.seat in sold.seats]
            if self.terms(sold)["trial_days"] is None:
                self._convert(sold, self.trial_of(asked))
        return answer

    def start_trial(self, asked: Asked) -> Answer | Refusal:
        product = asked.product or ""
        policy = self.policies.get((product, TRIAL))
        if policy is None or policy.trial_days is None:
            return Refusal(Reason.TRIAL_NOT_OFFERED)
        before = self.trial_of(asked)
        if before is None or self._may_have_another(before, policy.trial_again_months):
            return self._give(asked, product, policy.trial_days)
        if before.sold.bought:  # it is nobody's trial any more, and not told of
            return self._used(before, policy.trial_again_months)
        return self._noted(before.sold, self._again(before, asked))

    def buy(self, sold: License, policy: str, overrides: dict[str, Any], **ends: Any) -> bool:
        """Turn a trial into a license; whether it is one."""
        if self.terms(sold)["trial_days"] is None:
            return False
        sold.policy, sold.overrides, sold.bought = policy, overrides, True
        terms = self.terms(sold)
        sold.expires = ends["expires"] or self._later(terms["term_days"])
        sold.maintenance_until = self._later(terms["maintenance_days"])
        sold.events.append((self.now, "trial_converted"))
        return True

    def _later(self, days: int | None) -> datetime | None:
        return None if days is None else self.now + timedelta(days=days)

    def trial_of(self, asked: Asked) -> Given | None:
        return self.given.get((asked.product or "", _who(asked)))

    def _may_have_another(self, before: Given, months: int | None) -> bool:
        again = _months_later(before.at, months)
        is_over = before.sold.bought or self._is_over(before.sold)
        return is_over and again is not None and self.now >= again

    def _is_over(self, sold: License) -> bool:
        stop = self.stop(sold)
        return stop is not None and self.now >= stop

    def _give(self, asked: Asked, product: str, days: int) -> Answer | Refusal:
        """Sell a trial for nothing; its key is the server's, and comes with the answer."""
        one_seat = {"seats": 1, "overage": Overage.NONE}
        sold = License("", NOBODY, product, TRIAL, one_seat, self.now)
        sold.expires = self.now + timedelta(days=days)
        here = hardware.usable(asked.hardware)
        if refusal := self._app(sold, asked.app) or self._unusable(here):
            return refusal
        sold.events.append((self.now, "trial_started"))
        self.licenses.append(sold)
        self.given[product, _who(asked)] = Given(sold, self.now)
        return self._take_seat(sold, here, asked)

    def _again(self, before: Given, asked: Asked) -> Answer | Refusal:
        answer = self._activate(before.sold, asked)
        if isinstance(answer, Answer):
            return answer
        if answer.reason not in {Reason.LICENSE_EXPIRED, Reason.SEAT_LIMIT_REACHED}:
            return answer
        here = hardware.usable(asked.hardware)
        if refusal := self._app(before.sold, asked.app) or self._unusable(here):
            return refusal
        return self._used(before, self.terms(before.sold)["trial_again_months"])

    def _used(self, before: Given, months: int | None) -> Refusal:
        again = _months_later(before.at, months)
        evidence = {"given": text(before.at), "again": None if again is None else text(again)}
        return Refusal(Reason.TRIAL_ALREADY_USED, evidence)

    def _convert(self, bought: License, trial: Given | None) -> None:
        if trial is None or trial.sold.bought or self._is_over(trial.sold):
            return
        for seat in self.present(trial.sold):
            seat.removed, seat.removed_by = self.now, "purchase"
            trial.sold.events.append((self.now, "trial_converted"))
        trial.sold.expires = self.now
        bought.events.append((self.now, "trial_converted"))


def _who(asked: Asked) -> Any:
    """What a computer is known by: its hardware id, or else all its other identifiers."""
    here = hardware.usable(asked.hardware)
    if "hardware_id" in here:
        return here["hardware_id"]
    return tuple(sorted((name, value) for name, value in here.items() if name in hardware.ANCHORS))


def _months_later(day: datetime, months: int | None) -> datetime | None:
    """The same day of a later month, or that month's last."""
    if months is None:
        return None
    first = day.replace(day=1)
    for _ in range(months):
        first = (first + timedelta(days=32)).replace(day=1)
    later = first + timedelta(days=day.day - 1)
    while later.month != first.month:
        later -= timedelta(days=1)
    return later
