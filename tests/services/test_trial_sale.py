"""A trial that is bought: its computer works on, and it is no trial any more."""

from datetime import timedelta

import pytest

from activation_server.rules.errors import OperatorError
from activation_server.rules.license import Kind
from activation_server.rules.person import Person
from activation_server.rules.reasons import Reason
from activation_server.services import finding, licensing, products, trials
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.services.new_seat import activate
from activation_server.services.trial_sale import Sale, convert
from activation_server.services.trials import Started
from tests.conftest import START, World
from tests.services.calls import PRODUCT, granted, issue_one, make_request, reason

WHY = "order FS-1005"
YEARLY = {"seats": 3, "term_days": 365, "maintenance_days": 365, "grace_days": 7}


async def trial(context: Context) -> Started:
    """A trial of 14 days on the first computer, and a policy to sell it by."""
    await products.add_product(context, PRODUCT, "Backup Pro", "EdDSA")
    await products.add_policy(context, PRODUCT, "trial", {"trial_days": 14})
    await products.add_policy(context, PRODUCT, "yearly", YEARLY)
    answer = await trials.start(context, make_request(1, product=PRODUCT))
    assert isinstance(answer, Started)
    return answer


def test_the_computer_of_a_bought_trial_works_on(world: World):
    async def work(context: Context):
        made = await trial(context)
        key, held = made.license_key, made.certified
        world.clock.advance(days=20)  # it is over
        late = await reactivate(
            context, held.activation.activation_id, held.check_in_token, make_request(2)
        )
        sale = Sale("yearly", {"seats": 5}, None, "FS-1005", Person("Ana", None, "a@example.com"))
        changed = await convert(context, key, sale, WHY)
        checked_in = await reactivate(
            context, held.activation.activation_id, held.check_in_token, make_request(3)
        )
        other = await activate(context, make_request(4, key, computer=2))
        found = await finding.find(context, "FS-1005")
        return late, changed, checked_in, other, found, await licensing.show(context, key)

    late, changed, checked_in, other, found, shown = world.run(work)
    assert reason(late) is Reason.LICENSE_EXPIRED
    end = START + timedelta(days=20 + 365)
    coverage = granted(checked_in).activation.last.coverage
    assert (coverage.kind, coverage.seats, coverage.expires) == (Kind.SUBSCRIPTION, 5, end)
    assert coverage.maintenance_until == end
    assert granted(other).seats.used == 2
    assert [each.license.license_id for each in found.licenses] == [changed.view.license.license_id]
    assert set(shown.view.overrides) == {"seats"}
    assert [each.person.email for each in shown.view.people] == ["a…@e….com"]
    [event] = [each for each in shown.events if each.kind == "trial_converted"]
    assert event.details["reason"] == WHY
    assert event.details["changes"]["policy"] == {"from": "trial", "to": "yearly"}


def test_it_is_no_trial_any_more(world: World):
    """Its key is given to nobody who asks for a trial, and another purchase does not end it."""

    async def work(context: Context):
        made = await trial(context)
        await convert(context, made.license_key, Sale("yearly"), WHY)
        asked = await trials.start(context, make_request(2, product=PRODUCT))
        bought = await issue_one(context)
        granted(await activate(context, make_request(3, bought.license_key)))
        shown = await licensing.show(context, made.license_key)
        with pytest.raises(OperatorError, match="no trial"):
            await convert(context, made.license_key, Sale("yearly"), WHY)
        return asked, shown

    asked, shown = world.run(work)
    assert reason(asked) is Reason.TRIAL_ALREADY_USED
    assert shown.view.license.seats_used == 1
    assert shown.view.license.expires_at == START + timedelta(days=365)


@pytest.mark.parametrize(
    ("sale", "told"),
    [
        (Sale("gold"), "has no policy"),
        (Sale("trial"), "gives trials"),
        (Sale("yearly", {"trial_days": 3}), "gives trials"),
    ],
)
def test_what_it_can_not_become(world: World, sale: Sale, told: str):
    async def work(context: Context):
        made = await trial(context)
        with pytest.raises(OperatorError, match=told):
            await convert(context, made.license_key, sale, WHY)
        return await licensing.show(context, made.license_key)

    assert world.run(work).view.license.policy == "trial"
