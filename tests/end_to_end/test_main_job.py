"""The main job on the real server: a thousand real computers activate, check in, and leave."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
from joserfc import jws
from joserfc.jwk import KeySet

from tests.end_to_end.computers import AppOnComputer, machines, needs_machines
from tests.end_to_end.server import OperatorHere, Server

COMPUTERS, SEATS = 1000, 4
AT_ONCE = 8


async def _each(
    apps: Sequence[AppOnComputer], work: Callable[[AppOnComputer], Awaitable[None]]
) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def gated(app: AppOnComputer) -> None:
        async with gate:
            await work(app)

    await asyncio.gather(*(gated(app) for app in apps))


@dataclass(frozen=True)
class Keys:
    """The published keys, as two libraries read them that are not ours."""

    joserfc: KeySet
    pyjwt: jwt.PyJWKSet


def _verify(answer: dict[str, Any], body: dict[str, Any], keys: Keys) -> None:
    token = answer["certificate"]
    signed = jws.deserialize_compact(token, keys.joserfc, algorithms=["EdDSA"])
    assert signed.headers()["typ"] == "activation+jwt"
    [key] = keys.pyjwt.keys
    claims = jwt.decode(token, key, algorithms=["EdDSA"], audience="demo")
    assert claims["nonce"] == body["nonce"]
    assert claims["sub"] == answer["activation_id"]


async def _live(address: str, apps: Sequence[AppOnComputer]) -> None:
    limits = httpx.Limits(max_connections=AT_ONCE)
    async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as http:
        document = (await http.get("/.well-known/jwks.json")).json()
        keys = Keys(KeySet.import_key_set(document), jwt.PyJWKSet.from_dict(document))

        async def activate(app: AppOnComputer) -> None:
            body = app.activation_body()
            answer = await http.post("/v1/activations", json=body)
            assert answer.status_code == 201, answer.text
            app.activation = answer.json()
            assert app.activation["status"] == "activated"
            _verify(app.activation, body, keys)

        async def check_in(app: AppOnComputer) -> None:
            body = app.check_in_body()
            url = f"/v1/activations/{app.activation['activation_id']}/reactivations"
            answer = await http.post(url, json=body)
            assert answer.status_code == 200, answer.text
            app.activation = answer.json()
            _verify(app.activation, body, keys)

        async def leave(app: AppOnComputer) -> None:
            body = {
                "request_id": app.body()["request_id"],
                "check_in_token": app.activation["check_in_token"],
            }
            url = f"/v1/activations/{app.activation['activation_id']}/deactivation"
            answer = await http.post(url, json=body)
            assert answer.json()["status"] == "deactivated", answer.text

        await _each(apps, activate)
        await _each(apps, check_in)
        await _each(apps[::2], leave)


@needs_machines
def test_a_thousand_real_computers(data_dir: Path, tmp_path: Path):
    with Server(data_dir, tmp_path / "log") as server:
        operator = OperatorHere(data_dir)
        assert operator.json("product", "add", "demo", "--name", "Demo")["policies"] == ["standard"]
        issue = ("license", "issue", "--product", "demo", "--seats", str(SEATS))
        keys = []
        for order in ("A", "B", "C"):  # found again by their order, at most 100 at a time
            count = ("--count", str(COMPUTERS // SEATS // 3 + 1), "--order", order)
            issued = operator.json(*issue, *count)
            keys += [one["license_key"] for one in issued["licenses"]]
        apps = [
            AppOnComputer(machine, keys[number // SEATS])
            for number, machine in enumerate(machines(COMPUTERS))
        ]
        asyncio.run(_live(server.address, apps))
        found = [
            one
            for order in ("A", "B", "C")
            for one in operator.json("license", "find", order)["licenses"]
        ]
        used = {one["license_key"]: one["seats_used"] for one in found}
        assert sum(used.values()) == COMPUTERS // 2
        assert all(used[app.key] == SEATS // 2 for app in apps)
        shown = operator.json("license", "show", apps[0].key)
        statuses = [one["status"] for one in shown["activations"]]
        assert sorted(statuses) == ["active", "active", "removed", "removed"]
        assert server.stop() == 0
