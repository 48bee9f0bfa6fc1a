"""How long the admin API takes to list and show licenses among very many.

    python -m tests.load.admin_lists --licenses 1000000 --data FOLDER

Asked through the application in this process, tokens and limits included, without a network.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx

from activation_server import bootstrap, logs
from activation_server.formats import cursor
from activation_server.rules.api_token import SCOPES, TokenOrder
from activation_server.rules.license_change import EXPIRES
from activation_server.services import api_tokens, license_change, licensing, products
from activation_server.services.context import Context
from activation_server.services.license_change import NewTerms
from activation_server.services.limits import unlimited
from activation_server.settings import LogFormat
from activation_server.web.admission import House
from activation_server.web.app import create_app
from tests.load import people
from tests.load.data_set import raw_connection
from tests.load.people import PRODUCT, PeopleSet

CALLS = 100
RARE = 5_000  # one license of so many is on hold, or ends
DEEP = cursor.write("f0000000-0000-4000-8000-000000000000")
Calls = Iterator[tuple[str, Mapping[str, Any]]]


def main() -> None:
    """Measure, and print a line for each kind of call."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--licenses", type=int, default=100_000)
    parser.add_argument("--data", type=Path, required=True)
    chosen = parser.parse_args()
    chosen.data.mkdir(parents=True, exist_ok=True)
    logs.configure(LogFormat.TEXT, "error")
    asyncio.run(_measure(people.people_set(chosen.data, chosen.licenses)))


async def _measure(made: PeopleSet) -> None:
    async with people.opened(made) as context:
        order = TokenOrder(f"bench-{context.randomness.uuid()}", SCOPES)
        token = (await api_tokens.issue(context, order)).text
        app = create_app(replace(context, limits=unlimited()), bootstrap.is_ready, House(None))
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://bench",
            headers={"Authorization": f"Bearer {token}"},
        ) as tool:
            ids = await _some_ids(context, tool)
            for name, calls in _kinds(made, ids).items():
                await _one_kind(tool, name, calls)


async def _some_ids(context: Context, tool: httpx.AsyncClient) -> list[str]:
    """Give ids from all over; put one of many on hold, and give it an end, where none has."""
    url = context.database.engine.url.render_as_string(hide_password=False)
    async with raw_connection(url) as connection:
        await connection.execute("ANALYZE licenses")
        sampled = await connection.fetch("SELECT license_id FROM licenses TABLESAMPLE SYSTEM (1)")
        total = await connection.fetchval("SELECT count(*) FROM licenses")
    ids = [str(row["license_id"]) for row in sampled]
    chance = random.Random(1)
    chance.shuffle(ids)
    held = (await tool.get("/admin/v1/licenses", params={"status": "suspended"})).json()
    if not held["licenses"]:
        for license_id in [*ids[: max(1, total // RARE)]]:
            key = (await licensing.show(context, license_id)).view.license.license_id
            await licensing.change_standing(context, key, "suspend", "to be measured")
            ends = {EXPIRES: context.now()}
            await license_change.set_terms(context, key, NewTerms(ends=ends), "to be measured")
    async with raw_connection(url) as connection:
        await connection.execute("ANALYZE licenses")
    # Now all of them end, and those before 2027 by their own word alone.
    await products.set_policy(context, PRODUCT, products.STANDARD, {"term_days": 3650})
    return ids[-CALLS:]


def _kinds(made: PeopleSet, ids: list[str]) -> Mapping[str, Calls]:
    chance = random.Random(5)
    numbers = [chance.randrange(0, made.people, people.CHUNK) for _ in range(CALLS)]

    def lists(**parameters: object) -> Calls:
        return iter([("/admin/v1/licenses", parameters)] * CALLS)

    return {
        "one license": iter([(f"/admin/v1/licenses/{each}", {}) for each in ids]),
        "by order": iter(
            [("/admin/v1/licenses", {"order": people.order_reference(n)}) for n in numbers]
        ),
        "by e-mail": iter(
            [("/admin/v1/licenses", {"email": str(people.person(n).email)}) for n in numbers]
        ),
        "by name (q)": iter(
            [("/admin/v1/licenses", {"q": str(people.person(n).name)}) for n in numbers]
        ),
        "first 50": lists(limit=50),
        "first 200": lists(limit=200),
        "deep page of 50": lists(limit=50, product=PRODUCT, cursor=DEEP),
        "rare status": lists(limit=50, status="suspended"),
        "rare policy": lists(limit=50, product=PRODUCT, policy="none"),
        "ends, counted for all": lists(limit=50, ends_before="2027-01-01T00:00:00Z"),
    }


async def _one_kind(tool: httpx.AsyncClient, name: str, calls: Calls) -> None:
    seconds, found = [], 0
    for path, parameters in calls:
        begun = time.perf_counter()
        response = await tool.get(path, params=dict(parameters))
        seconds.append(time.perf_counter() - begun)
        response.raise_for_status()
        found += len(response.json().get("licenses", "1"))
    worst = quantiles(seconds, n=100)[98] * 1e3
    print(  # noqa: T201 - a measurement's result
        f"{name:24} {len(seconds)} calls, {found / len(seconds):5.1f} licenses each: "
        f"median {median(seconds) * 1e3:6.1f} ms, 99th {worst:6.1f} ms"
    )


if __name__ == "__main__":
    main()
