"""What support sees of one license, at the command line."""

import json
from dataclasses import replace

from activation_server.formats.problem import TEXTS
from activation_server.rules.license import App
from activation_server.rules.person import Person, Told
from activation_server.rules.reasons import Reason
from activation_server.services import erasure, products
from activation_server.services.calls import Certified
from activation_server.services.context import Context
from activation_server.services.license_change import NewTerms, set_terms
from activation_server.services.licensing import LicenseView, Order, change_standing, issue
from activation_server.services.new_seat import activate
from tests.cli.conftest import Commands
from tests.conftest import World
from tests.services.calls import PRODUCT, issue_one, make_request

BEN_MASKED = "b…@e….com"


async def ordinary(context: Context) -> LicenseView:
    """A license of a policy, with a term of its own, three computers and a refused one."""
    await products.add_product(context, PRODUCT, "Backup Pro", "EdDSA")
    yearly = {"seats": 2, "term_days": 365, "grace_days": 14}
    await products.add_policy(context, PRODUCT, "yearly", yearly)
    view = await issue_one(context, policy="yearly", overrides={}, order_reference="FS-[1001]")
    await set_terms(context, view.license_key, NewTerms(terms={"seats": 3}), "order FS-[1002]")
    for number in range(4):
        app = App("9.9.1234")
        request = make_request(number, view.license_key, computer=number, app=app)
        assert isinstance(await activate(context, request), Certified) is (number < 3)
    return view


def test_one_screen_tells_what_holds_and_why(world: World, commands: Commands):
    key = world.run(ordinary).license_key
    lines = commands.text("license", "show", key, columns=100).splitlines()
    assert len(lines) <= 40
    screen = [" ".join(line.split()) for line in lines]
    assert screen[0] == f"{key} active backup-pro, policy yearly, order FS-[1001]"
    for expected in (
        "- 3 of 3 seats in use; a new computer gets SEAT_LIMIT_REACHED.",
        "seats 3 this license",
        "term days 365 policy yearly",
        "2026-11-22 10:00 terms changed seats: 2 → 3, reason: order FS-[1002]",
        "- 2026-11-22 10:00 SEAT_LIMIT_REACHED, once: limit: 3, used: 3",
        "2026-11-22 10:00 issued",
    ):
        assert expected in screen
    advice = f"→ What they can do: {TEXTS[Reason.SEAT_LIMIT_REACHED].person}"
    assert advice in " ".join(screen)
    assert not [line for line in screen if line.startswith("check in days")]  # as everywhere
    assert sum("linux 12" in line for line in screen) == 3


def test_a_narrow_terminal_keeps_ids_and_times_whole(world: World, commands: Commands):
    key = world.run(ordinary).license_key
    lines = commands.text("license", "show", key, columns=80).splitlines()
    assert max(map(len, lines)) <= 80
    computers = commands.json("license", "show", key)["activations"]
    for one in computers:
        [line] = [line for line in lines if line.startswith(one["activation_id"])]
        assert line.split()[1:5] == ["active", "2026-11-22", "10:00", "9.9.1234"]


def test_the_json_says_who_sets_each_term(world: World, commands: Commands):
    key = world.run(ordinary).license_key
    before = commands.json("license", "show", key)["terms"]
    assert before["expires"] == {"value": "2027-11-22T10:00:00Z", "from": "policy"}
    changed = ("--maintenance-until", "2027-01-31", "--term-days", "365", "--reason", "a test")
    commands.json("license", "set", key, *changed)
    shown = commands.json("license", "show", key)
    terms = shown["terms"]
    assert terms["seats"] == {"value": 3, "from": "license"}
    assert terms["term_days"] == {"value": 365, "from": "license"}
    assert terms["clone"] == {"value": "flag", "from": "policy"}
    assert terms["features"] == {"value": [], "from": "policy"}
    assert terms["expires"] == {"value": "2027-11-22T10:00:00Z", "from": "license"}
    assert terms["maintenance_until"] == {"value": "2027-01-31T23:59:59Z", "from": "license"}
    assert "3 of 3 seats in use; a new computer gets SEAT_LIMIT_REACHED." in shown["explanation"]
    [refusal] = shown["refusals"]
    assert refusal["evidence"] == {"limit": 3, "used": 3}
    assert shown["events_total"] == len(shown["events"]) == 6


def test_a_hold_is_explained_by_its_last_reason(world: World, commands: Commands):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        for change, why in (
            ("suspend", "a first time"),
            ("reinstate", "paid"),
            ("suspend", "payment disputed"),
        ):
            await change_standing(context, key, change, why)
            world.clock.advance(days=1)
        return key

    shown = commands.json("license", "show", world.run(work))
    assert shown["explanation"][0] == "On hold since 2026-11-24: payment disputed."


def test_a_long_history_is_cut_and_says_so(world: World, commands: Commands):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        for number in range(10):
            await change_standing(context, key, "suspend", f"reason {number}")
            world.clock.advance(hours=1)
            await change_standing(context, key, "reinstate", "paid")
            world.clock.advance(hours=1)
        return key

    key = world.run(work)
    screen = commands.text("license", "show", key)
    assert "reason 9" in screen
    assert "reason 2" not in screen
    assert "… and 6 more, see --json" in screen
    assert len(commands.json("license", "show", key)["events"]) == 21


def test_a_list_names_ten_people_of_a_license_and_counts_all(world: World, commands: Commands):
    async def work(context: Context):
        view = await issue_one(context, 20, buyer=Person("Ana Pop"), order_reference="FS-77")
        for number in range(12):
            told = Told(Person(f"User {number}"), computer_name=f"PC-{number}")
            request = make_request(number, view.license_key, computer=number, told=told)
            assert isinstance(await activate(context, request), Certified)
        return view.license_key

    key = world.run(work)
    [listed] = commands.json("license", "find", "FS-77")["licenses"]
    assert (len(listed["people"]), listed["people_total"]) == (10, 13)
    assert [each["role"] for each in listed["people"]] == ["buyer", *["user"] * 9]
    assert [len(each["computers"]) for each in listed["people"]] == [0, *[1] * 9]
    assert "A… P… +12" in commands.text("license", "find", "FS-77")
    shown = commands.json("license", "show", key)
    assert (len(shown["people"]), shown["people_total"]) == (13, 13)


def test_a_list_names_those_who_are_known_before_those_who_were_erased(
    world: World, commands: Commands
):
    async def work(context: Context):
        ana, ben = Person("Ana", email="ana@example.com"), Person(email="ben@example.com")
        view = await issue_one(context, 20, buyer=ana, order_reference="FS-77")
        for number in range(10):
            told = Told(replace(ana, name=f"Ana {number}"))
            request = make_request(number, view.license_key, computer=number, told=told)
            assert isinstance(await activate(context, request), Certified)
        await erasure.erase(context, str(ana.email))
        world.clock.advance(hours=1)
        request = make_request(10, view.license_key, computer=10, told=Told(ben))
        assert isinstance(await activate(context, request), Certified)

    world.run(work)
    [listed] = commands.json("license", "find", "FS-77")["licenses"]
    assert (len(listed["people"]), listed["people_total"]) == (10, 1)
    assert [each["email"] for each in listed["people"] if not each["erased"]] == [BEN_MASKED]
    screen = commands.text("license", "find", "FS-77")
    assert BEN_MASKED in screen
    assert "+" not in screen


def test_nothing_that_an_app_sends_steers_the_terminal(world: World, commands: Commands):
    async def work(context: Context):
        key = (await issue_one(context, seats=2)).license_key
        for number, version in enumerate(("\x1b[2J9.9", "[red]9.9[/]")):
            request = make_request(number, key, computer=number, app=App(version))
            assert isinstance(await activate(context, request), Certified)
        return key

    screen = commands.text("license", "show", world.run(work))
    assert "\x1b" not in screen
    assert "�[2J9.9" in screen
    assert "[red]9.9[/]" in screen


def test_a_list_gives_ten_computers_of_a_person_and_counts_all(world: World, commands: Commands):
    async def work(context: Context):
        view = await issue_one(context, 20, order_reference="FS-77")
        for number in range(12):
            told = Told(Person("Ana Pop"), computer_name=f"PC-{number}")
            request = make_request(number, view.license_key, computer=number, told=told)
            assert isinstance(await activate(context, request), Certified)
        return view.license_key

    key = world.run(work)
    [found] = commands.json("license", "find", "FS-77")["licenses"]
    [listed], [shown] = found["people"], commands.json("license", "show", key)["people"]
    assert (len(listed["computers"]), listed["computers_total"]) == (10, 12)
    assert (len(shown["computers"]), shown["computers_total"]) == (12, 12)


def test_of_a_name_that_many_have_more_are_given_when_they_are_asked_for(
    world: World, commands: Commands
):
    async def sell(context: Context) -> None:
        await issue_one(context)
        order = Order(PRODUCT, products.STANDARD, {}, None, None, None, 30, Person("Ana Popescu"))
        await issue(context, order, lambda _done: None)

    world.run(sell)
    first = commands.run("license", "find", "popescu", "--json")
    assert len(json.loads(first.stdout)["licenses"]) == 25
    assert "or ask for --more" in " ".join(first.stderr.split())
    all_ = commands.run("license", "find", "popescu", "--more", "--json")
    assert (len(json.loads(all_.stdout)["licenses"]), all_.stderr) == (30, "")
