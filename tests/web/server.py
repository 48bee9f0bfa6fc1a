"""The real application over a real database, driven in one event loop; and what apps send it."""

import asyncio
import json
import secrets
import uuid
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import asyncpg
import httpx
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.types import ASGIApp

from activation_server import bootstrap
from activation_server.rules import rate_limit
from activation_server.services import licensing, products, seat_changes
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseHistory, LicenseView, Order
from activation_server.services.limits import Limits, Quotas
from activation_server.store import tables
from activation_server.web.admission import House
from activation_server.web.app import create_app
from tests.conftest import World, note_statements

Json = dict[str, Any]
Result = TypeVar("Result")

PRODUCT, OTHER_PRODUCT = "backup-pro", "photo-pro"
NETWORK_ADDRESS = ("203.0.113.7", 50000)  # RFC 5737
DAY = 86_400
UNLIMITED = Quotas()
ANSWER_FIELDS = {
    "status",
    "activation_id",
    "certificate",
    "check_in_token",
    "check_in_after",
    "certificate_expires",
    "seats",
    "notices",
    "server_time",
}
PROBLEM_FIELDS = {"type", "title", "status", "detail", "code", "server_time"}


def new_id() -> str:
    return str(uuid.uuid4())


def new_nonce() -> str:
    return secrets.token_urlsafe(16)


def with_changes(body: Json, changes: Mapping[str, object]) -> Json:
    """Replace fields; `app__version` is `version` in `app`, and `...` takes a field out."""
    body = json.loads(json.dumps(body))
    for path, value in changes.items():
        place = body
        *parents, name = path.split("__")
        for parent in parents:
            place = place[parent]
        place[name] = value
        if value is ...:
            del place[name]
    return body


def activation(key: str, **changes: object) -> Json:
    """An activation request of a computer, with an id of its own."""
    plain = {
        "request_id": new_id(),
        "nonce": new_nonce(),
        "license_key": key,
        "product": PRODUCT,
        "hardware_id": "5c1d-this-computer",
        "os": {"family": "windows", "version": "10.0.26100"},
        "app": {"version": "9.9.1234", "edition": "professional"},
    }
    return with_changes(plain, changes)


def check_in(answer: Json, **changes: object) -> Json:
    """A check-in request of the same computer, with the token of its last answer."""
    plain = activation("", license_key=..., product=...)
    return with_changes({**plain, "check_in_token": answer["check_in_token"]}, changes)


def deactivation(answer: Json) -> Json:
    return {"request_id": new_id(), "check_in_token": answer["check_in_token"]}


def reactivations_of(answer: Json) -> str:
    return f"/v1/activations/{answer['activation_id']}/reactivations"


def deactivation_of(answer: Json) -> str:
    return f"/v1/activations/{answer['activation_id']}/deactivation"


def refused(response: httpx.Response, code: str) -> Json:
    """See that a response is this refusal; give its body."""
    body: Json = response.json()
    assert (response.status_code, body.get("code")) == (body["status"], code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    return body


def ok(response: httpx.Response, status: int = 200) -> Json:
    """See that a response is a success; give its body."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body: Json = response.json()
    return body


@dataclass
class Server:
    """The application with its means, all in one event loop."""

    world: World
    runner: asyncio.Runner
    context: Context
    app: ASGIApp
    http: httpx.AsyncClient
    house: House
    statements: list[str] = field(default_factory=list)  # every statement sent so far

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    def with_limits(self, quotas: Quotas = UNLIMITED, most: int | None = None) -> "Server":
        """Give the same server with limits of its own, which go by the world's clock."""
        clock = self.world.clock
        limits = Limits(quotas, lambda: int(clock.now.timestamp() * rate_limit.SECOND))
        context, house = replace(self.context, limits=limits), House(most)
        app = create_app(context, bootstrap.is_ready, house)
        http = client_of(app, self.world.issuer)
        return replace(self, context=context, app=app, http=http, house=house)

    def seen_from(self, host: str) -> "Server":
        """Give the same server, called from another address."""
        return replace(self, http=client_of(self.app, self.world.issuer, host))

    def send(
        self,
        method: str,
        path: str,
        **options: Any,
    ) -> httpx.Response:
        return self.run(self.http.request(method, path, **options))

    def get(self, path: str) -> httpx.Response:
        return self.send("GET", path)

    def post(self, path: str, body: Json) -> httpx.Response:
        return self.send("POST", path, json=body)

    def activate(self, body: Json) -> httpx.Response:
        return self.post("/v1/activations", body)

    def reactivate(self, answer: Json, body: Json | None = None) -> httpx.Response:
        return self.post(reactivations_of(answer), body or check_in(answer))

    def deactivate(self, answer: Json, body: Json | None = None) -> httpx.Response:
        return self.post(deactivation_of(answer), body or deactivation(answer))

    def activated(self, key: str, **changes: object) -> Json:
        """Activate a computer; give the answer."""
        return ok(self.activate(activation(key, **changes)), 201)

    def issue(self, product: str = PRODUCT, **terms: object) -> LicenseView:
        """Issue a license with these terms instead of the policy's."""
        order = Order(product, "standard", terms, None, None, None, 1)
        [issued] = self.run(licensing.issue(self.context, order, lambda _: None))
        return issued

    def change(self, license_: LicenseView, change: str) -> None:
        """`suspend`, `reinstate` or `revoke` a license."""
        key = license_.license_key
        self.run(licensing.change_standing(self.context, key, change, "as the test says"))

    def offer_trials(self, **terms: object) -> str:
        """Add a product that gives trials; give its code."""
        product = new_id()
        self.add_product(product)
        self.set_policy(product, **{"trial_days": 14, **terms})
        return product

    def set_policy(self, product: str, **terms: object) -> None:
        """Change terms of a product's standard policy."""
        self.run(products.set_policy(self.context, product, "standard", terms))

    def show(self, key: str) -> LicenseHistory:
        """Show a license, as support sees it."""
        return self.run(licensing.show(self.context, key))

    def remove(self, answer: Json) -> None:
        """Take the seat back, as support does."""
        known_as = uuid.UUID(answer["activation_id"])
        self.run(seat_changes.remove_activation(self.context, known_as, "as the test says"))

    def add_product(self, code: str, algorithm: str = "EdDSA") -> None:
        self.run(products.add_product(self.context, code, code.title(), algorithm))

    def script(self, statements: str) -> None:
        """Run statements beside the application, on a connection of their own."""

        async def work() -> None:
            connection = await asyncpg.connect(self.world.url.replace("+asyncpg", ""))
            try:
                await connection.execute(statements)
            finally:
                await connection.close()

        self.run(work())

    def rows(self) -> dict[str, int]:
        """Count the rows of every table."""
        everything = tables.metadata.sorted_tables
        counts = [sa.select(sa.func.count()).select_from(table) for table in everything]
        question = sa.select(*(count.scalar_subquery() for count in counts))

        async def work(connection: AsyncConnection) -> dict[str, int]:
            counted = (await connection.execute(question)).one()
            return dict(zip((table.name for table in everything), counted, strict=True))

        return self.run(self.context.database.transact(work))


def client_of(app: ASGIApp, issuer: str, host: str = NETWORK_ADDRESS[0]) -> httpx.AsyncClient:
    """Make a client that calls the application from this address."""
    transport = httpx.ASGITransport(app, client=(host, NETWORK_ADDRESS[1]))
    return httpx.AsyncClient(transport=transport, base_url=issuer)


@contextmanager
def running(world: World) -> Iterator[Server]:
    """Run the application over a world's database."""
    with asyncio.Runner() as runner:
        opening = world.open()
        context = runner.run(opening.__aenter__())
        house = House(None)
        app = create_app(context, bootstrap.is_ready, house)
        http = client_of(app, world.issuer)
        server = Server(world, runner, context, app, http, house)
        note_statements(context.database, server.statements)
        try:
            yield server
        finally:
            runner.run(http.aclose())
            runner.run(opening.__aexit__(None, None, None))
