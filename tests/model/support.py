"""What support does for a license, in any order with the rest: new keys, transfers, trials sold."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition

from activation_server.services import key_replacement, transfers, trial_sale
from activation_server.services.trial_sale import Sale
from tests.model import sales
from tests.model.machine import LICENSE, LicensePlay, chosen, step
from tests.model.play import POLICY, Play
from tests.model.records import License

WHY = "a reason"


def trials(machine: LicensePlay) -> list[str]:
    """Licenses that are trials, or were."""
    terms = machine.play.plain.terms
    return [
        name
        for name, sold in machine.licenses.items()
        if sold.bought or terms(sold)["trial_days"] is not None
    ]


def limited(machine: LicensePlay) -> list[str]:
    """Licenses of which an app may not give back any number of seats."""
    terms = machine.play.plain.terms
    return [
        name
        for name, sold in machine.licenses.items()
        if sold.transfer_allowed or terms(sold)["transfers"] is not None
    ]


class SupportPlay(LicensePlay):
    """The same play, with a support desk."""

    @step(license_=LICENSE)
    def replace_key(self, license_: str) -> None:
        replace_key(self.play, self.licenses[license_])

    @precondition(lambda self: bool(limited(self)))
    @step(license_=chosen(limited), allowed=st.sampled_from([True, True, False]))
    def allow_transfer(self, license_: str, *, allowed: bool) -> None:
        allow_transfer(self.play, self.licenses[license_], allowed=allowed)

    @step(license_=LICENSE)
    def allow_transfer_of_any(self, license_: str) -> None:
        allow_transfer(self.play, self.licenses[license_], allowed=True)

    @precondition(lambda self: bool(trials(self)))
    @step(
        license_=chosen(trials),
        overrides=sales.terms(),
        expires=sales.ends(),
    )
    def sell_trial(self, license_: str, overrides: dict[str, Any], expires: Any) -> None:
        """Its computers ask for a trial once more then: what they had is none any more."""
        sold = self.licenses[license_]
        sell_trial(self.play, sold, overrides, expires)
        seats = {seat.activation_id for seat in sold.seats}
        for app in self.apps.values():
            if app.memory.activation_id in seats:
                self._start_trial(app, sold.product)

    # What there is under more names is drawn more often.
    sell_trial_2 = sell_trial_3 = sell_trial_4 = sell_trial


def replace_key(play: Play, sold: License) -> None:
    context = play.server.context
    view = play.operate(key_replacement.replace_key(context, sold.license_id, WHY), allowed=True)
    assert not sold.is_key(view.license_key)
    play.plain.replace_key(sold, view.license_key)
    play.touched.add(sold.license_id)


def allow_transfer(play: Play, sold: License, *, allowed: bool) -> None:
    may = play.plain.allow_transfer(sold, allowed=allowed)
    use_case = transfers.allow_one_more if allowed else transfers.withdraw
    play.operate(use_case(play.server.context, sold.license_id, WHY), allowed=may)
    play.touched.add(sold.license_id)


def sell_trial(play: Play, sold: License, overrides: dict[str, Any], expires: Any) -> None:
    """Whether seats float stays: leases would count by old terms."""
    terms = overrides | {"floating_minutes": play.plain.terms(sold)["floating_minutes"]}
    may = play.plain.buy(sold, POLICY, terms, expires=expires)
    sale = Sale(POLICY, terms, expires)
    work = trial_sale.convert(play.server.context, sold.license_id, sale, WHY)
    play.operate(work, allowed=may)
    play.touched.add(sold.license_id)
