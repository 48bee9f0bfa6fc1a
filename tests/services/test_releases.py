from datetime import date

import pytest

from activation_server.rules.errors import OperatorError
from activation_server.rules.license import App
from activation_server.rules.reasons import Reason, Refused
from activation_server.services import products, releases
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.services.new_seat import activate
from activation_server.services.releases import Release
from tests.conftest import START, World
from tests.services.calls import PRODUCT, granted, issue_one, make_request, reason

COVERED, LATER = START.date(), date(2026, 11, 23)


def test_the_list_covers_and_refuses_where_an_app_does_not_say_its_date(world: World):
    async def work(context: Context):
        key = (await issue_one(context, maintenance_until=START)).license_key
        await releases.add(context, PRODUCT, "9", COVERED)
        await releases.add(context, PRODUCT, "9.9", LATER)
        await releases.add(context, "photo-pro", "9.8", LATER)
        answers = {
            version: await activate(context, make_request(number, key, app=App(version)))
            for number, version in enumerate(["9.8", "9.9.1", "10.0", "beta"])
        }
        by_itself = App("9.9.1", released=COVERED)
        return answers, await activate(context, make_request(9, key, app=by_itself))

    async def other_product(context: Context):
        await products.add_product(context, "photo-pro", "Photo Pro", "EdDSA")
        await products.add_product(context, PRODUCT, "Backup Pro", "EdDSA")

    world.run(other_product)
    answers, by_itself = world.run(work)
    refused = answers.pop("9.9.1")
    assert refused == Refused(
        Reason.VERSION_NOT_COVERED,
        {"maintenance_until": "2026-11-22T10:00:00Z", "released": "2026-11-23"},
    )
    for answer in answers.values():
        granted(answer)
    granted(by_itself)  # what the app says goes before the list


def test_a_retry_is_the_same_whatever_the_list_says_by_then(world: World):
    async def work(context: Context):
        key = (await issue_one(context, maintenance_until=START)).license_key
        activation = make_request(1, key)
        first = granted(await activate(context, activation))
        await releases.add(context, PRODUCT, "9.9", COVERED)
        again = granted(await activate(context, activation))
        seat, token = first.activation.activation_id, first.check_in_token
        second = granted(await reactivate(context, seat, token, make_request(2)))
        await releases.add(context, PRODUCT, "9.9", LATER)
        repeated = granted(await reactivate(context, seat, token, make_request(2)))
        refused = await reactivate(context, seat, second.check_in_token, make_request(3))
        await releases.remove(context, PRODUCT, "9.9")
        taken = await reactivate(context, seat, second.check_in_token, make_request(4))
        return first, again, second, repeated, refused, taken

    first, again, second, repeated, refused, taken = world.run(work)
    assert again.certificate == first.certificate
    assert repeated.certificate == second.certificate
    assert reason(refused) is Reason.VERSION_NOT_COVERED
    granted(taken)


def test_a_list_is_kept(world: World):
    async def work(context: Context):
        await products.add_product(context, PRODUCT, "Backup Pro", "EdDSA")
        for version in ("9.10", "v9.02", "10"):
            await releases.add(context, PRODUCT, version, COVERED)
        moved = await releases.add(context, PRODUCT, "9.2", LATER)
        removed = await releases.remove(context, PRODUCT, "9.10 beta")
        with pytest.raises(OperatorError, match=r"has no release '9\.10'"):
            await releases.remove(context, PRODUCT, "9.10")
        with pytest.raises(OperatorError, match="no product 'photo-pro'"):
            await releases.add(context, "photo-pro", "1", COVERED)
        return moved, removed, await releases.list_all(context, PRODUCT)

    moved, removed, listed = world.run(work)
    assert moved == Release(PRODUCT, "9.2", LATER, before=COVERED)
    assert removed == Release(PRODUCT, "9.10", COVERED)
    assert listed == [Release(PRODUCT, "10", COVERED), Release(PRODUCT, "9.2", LATER)]
