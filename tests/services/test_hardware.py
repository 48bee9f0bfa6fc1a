"""Computers that change, and computers that look alike."""

from collections.abc import Mapping
from typing import Any

from activation_server.rules.reasons import Notice, Reason
from activation_server.services import finding, licensing
from activation_server.services.calls import Request
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.services.new_seat import activate
from tests.conftest import World
from tests.services.calls import granted, issue_one, make_request, reason

LAPTOP = {
    "system_uuid": "4c4c4544-0042",
    "board_serial": "BSN-000-17",
    "disk_serial": "S3Z2NB0K",
    "os_machine_id": "3d1219c7fe",
    "board_model": "LENOVO 20L6",
    "cpu": "Core i5-8250U",
}


def request(number: int, key: str | None, components: Mapping[str, str], **values: Any) -> Request:
    body = f"{number} {sorted(components.items())} {values}".encode()
    return make_request(number, key, components=components, body=body, **values)


def test_a_drifted_computer_keeps_its_seat_and_what_changed_is_told(world: World):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        first = granted(await activate(context, request(1, key, LAPTOP)))
        seat = first.activation.activation_id
        drifted = {**LAPTOP, "disk_serial": "WD-9911", "cpu": "Core i7-8650U"}
        second = granted(
            await reactivate(context, seat, first.check_in_token, request(2, None, drifted))
        )
        third = granted(
            await reactivate(context, seat, second.check_in_token, request(3, None, drifted))
        )
        return first, second, third, await licensing.show(context, key)

    first, second, third, history = world.run(work)
    assert second.notices == (Notice.HARDWARE_CHANGED,)
    assert third.notices == ()  # what was reported last counts from now on
    assert second.activation.hardware == third.activation.hardware != first.activation.hardware
    [event] = [one for one in history.events if one.kind == "hardware_changed"]
    assert event.details["components"] == ["cpu", "disk_serial"]
    assert history.view.license.seats_used == 1


def test_a_drift_that_went_all_the_way_is_still_the_same_seat(world: World):
    """One part after the other: in the end nothing is as it was, and the seat was never lost."""

    async def work(context: Context):
        key = (await issue_one(context)).license_key
        answer = granted(await activate(context, request(1, key, LAPTOP)))
        parts = dict(LAPTOP)
        for number, name in enumerate(LAPTOP, start=2):
            parts[name] += " anew"
            answer = granted(
                await reactivate(
                    context,
                    answer.activation.activation_id,
                    answer.check_in_token,
                    request(number, None, parts),
                )
            )
        return answer

    assert world.run(work).activation.seq == len(LAPTOP) + 1


def test_a_reinstalled_computer_finds_its_seat(world: World):
    """A new disk and a new system: no token is left, and the hardware id is another one."""

    async def work(context: Context):
        key = (await issue_one(context)).license_key
        first = granted(await activate(context, request(1, key, LAPTOP)))
        anew = {**LAPTOP, "disk_serial": "WD-9911", "os_machine_id": "77aa01bc"}
        again = granted(await activate(context, request(2, key, anew, hardware_id="computer-new")))
        found = [
            (await finding.find(context, text)).licenses
            for text in ("computer-new", "computer-00000001")
        ]
        return first, again, found

    first, again, (new, old) = world.run(work)
    assert again.activation.activation_id == first.activation.activation_id
    assert again.activation.last.outcome == "already_activated"
    assert again.notices == (Notice.HARDWARE_CHANGED,)
    assert len(new) == 1  # support finds it by what it reports now
    assert old == []


def test_a_fleet_from_one_image_takes_a_seat_each(world: World):
    """The system's ids and the model are the same; the firmware's and the disk's are not."""

    async def work(context: Context):
        key = (await issue_one(context, seats=2)).license_key
        answers = []
        for number in range(1, 4):
            own = {name: f"{name} {number}" for name in ("system_uuid", "board_serial")}
            computer = {**LAPTOP, **own, "disk_serial": f"disk {number}"}
            answers.append(await activate(context, request(number, key, computer)))
        return answers

    one, two, three = world.run(work)
    assert granted(one).activation.activation_id != granted(two).activation.activation_id
    assert reason(three) is Reason.SEAT_LIMIT_REACHED


def test_another_computer_is_refused_with_the_components_that_differ(world: World):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        first = granted(await activate(context, request(1, key, LAPTOP)))
        other = {name: f"other {name}" for name in LAPTOP}
        answer = await reactivate(
            context,
            first.activation.activation_id,
            first.check_in_token,
            request(2, None, {**other, "cpu": LAPTOP["cpu"]}, hardware_id="another computer"),
        )
        return answer, await licensing.show(context, key)

    answer, history = world.run(work)
    assert reason(answer) is Reason.HARDWARE_MISMATCH
    [refusal] = history.refusals
    assert refusal.evidence == {
        "components": sorted({*LAPTOP, "hardware_id"} - {"cpu"}),
    }


def test_an_older_app_that_reports_less_is_not_locked_out(world: World):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        first = granted(await activate(context, request(1, key, LAPTOP)))
        return granted(
            await reactivate(
                context,
                first.activation.activation_id,
                first.check_in_token,
                request(2, None, {}),
            )
        )

    answer = world.run(work)
    assert set(answer.activation.hardware) == {"hardware_id"}
    assert answer.notices == ()
