"""Calls of the retention's tests: what a run takes, what is due, somebody to keep."""

from datetime import timedelta

from sqlalchemy import text

from activation_server.rules.person import Told
from activation_server.services import retention
from activation_server.services.calls import Certified
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView
from activation_server.store.database import Connection
from tests.conftest import Clock
from tests.services.calls import issue_one, make_request
from tests.services.test_people import ANA, activate, check_in, told

TWO_YEARS = timedelta(days=731)  # from November 2026 on
SECOND = timedelta(seconds=1)


def ignore(_name: str, _done: int, _total: int) -> None:
    """Nobody watches."""


async def ask(context: Context, question: str) -> int:
    async def work(connection: Connection) -> int:
        return int(await connection.scalar(text(question)) or 0)

    return await context.database.transact(work)


async def gone(context: Context) -> dict[str, int]:
    done = await retention.run(context, ignore)
    return {name: each["gone"] for name, each in done.classes.items() if each["gone"]}


async def due(context: Context) -> dict[str, int]:
    kept = await retention.preview(context)
    return {each.of_class.name: each.due.count for each in kept if each.due.count}


async def seat_of(
    context: Context, number: int = 1, **values: Told
) -> tuple[LicenseView, Certified]:
    sold = await issue_one(context)
    return sold, await activate(context, make_request(number, sold.license_key, number, **values))


async def a_comment(context: Context) -> None:
    """Of somebody who goes on checking in."""
    _, seat = await seat_of(context, told=told(ANA, "Hello"))
    clock = context.clock
    assert isinstance(clock, Clock)
    began = clock.now
    clock.now = began + TWO_YEARS - timedelta(days=9)
    await check_in(context, seat, make_request(2))
    clock.now = began
