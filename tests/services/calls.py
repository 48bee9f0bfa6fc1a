"""Requests as apps make them, for the tests of the services."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import text

from activation_server.rules.license import App
from activation_server.rules.reasons import Reason, Refused
from activation_server.rules.seat import Computer
from activation_server.services import licensing, products
from activation_server.services.calls import Certified, Request
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView, Order
from activation_server.store.database import Connection

PRODUCT = "backup-pro"


def make_request(number: int, key: str | None = None, computer: int = 1, **values: Any) -> Request:
    """A request of a computer; another number is another request."""
    plain = Request(
        request_id=UUID(int=number, version=4),
        nonce=number.to_bytes(16),
        body=f"{number} {computer}".encode(),
        hardware_id=f"computer-{computer:08}",
        components={},
        app=App("9.9"),
        computer=Computer("linux", "12"),
        product=None if key is None else PRODUCT,
        license_key=key,
    )
    return replace(plain, **values)


async def issue_one(context: Context, seats: int | None = 1, **values: Any) -> LicenseView:
    """A license of the product, which is added first if need be."""
    if not await products.codes(context):
        await products.add_product(context, PRODUCT, "Backup Pro", "EdDSA")
    order = Order(PRODUCT, products.STANDARD, {"seats": seats}, None, None, None, 1)
    [issued] = await licensing.issue(context, replace(order, **values), lambda _done: None)
    return issued


def granted(answer: object) -> Certified:
    """The answer, which must be a granted one."""
    assert isinstance(answer, Certified), answer
    return answer


def reason(answer: object) -> Reason:
    """The reason of an answer, which must be a refusal."""
    assert isinstance(answer, Refused), answer
    return answer.reason


async def deadlocks(connection: Connection) -> int:
    """How many deadlocks there were in the test's database, also those that a retry mended."""
    await connection.execute(text("SELECT pg_stat_force_next_flush()"))
    question = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    return int(await connection.scalar(text(question)) or 0)
