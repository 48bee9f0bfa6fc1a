"""The baselines do what they are compared for."""

import asyncio

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.ext.asyncio import async_sessionmaker

from tests.conftest import ISSUER
from tests.load import requests
from tests.load.baselines import bare, ordinary
from tests.load.computers import PRODUCT
from tests.load.test_requests import row_of, send
from tests.web.server import Server, ok

JSON = {"Content-Type": "application/json"}


def ask_ordinary(server: Server, request: requests.Request) -> httpx.Response:
    sessions = async_sessionmaker(server.context.database.engine, expire_on_commit=False)
    app = ordinary.make_app(ordinary.Service(server.context, sessions))
    return server.run(ask(app, request))


async def ask(app: object, request: requests.Request) -> httpx.Response:
    path, body = request
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type] # FastAPI
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
        return await http.post(path, content=body, headers=JSON)


def test_the_ordinary_one_commits_the_check_in_and_signs_it(server: Server):
    keyring = server.context.keyring
    seat = requests.first_seat(keyring, 0)
    answer = ok(ask_ordinary(server, requests.check_in(keyring, seat)))
    [key] = keyring.signing.values()
    claims = jwt.decode(
        answer["certificate"],
        Ed25519PublicKey.from_public_bytes(key.public),
        algorithms=["EdDSA"],
        audience=PRODUCT,
        issuer=ISSUER,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert (claims["sub"], claims["seq"]) == (str(seat.activation_id), 2)
    assert row_of(server, 0)["seq"] == 2
    again = requests.check_in(keyring, seat.next())
    assert ok(send(server, again))["notices"] == []  # the server goes on where it left


def test_the_ordinary_one_refuses_a_forged_token(server: Server):
    seat = requests.first_seat(server.context.keyring, 0)
    path, body = requests.check_in(server.context.keyring, seat)
    other = requests.first_seat(server.context.keyring, 1)
    forged = path.replace(str(seat.activation_id), str(other.activation_id))
    assert ask_ordinary(server, (forged, body)).status_code == 404
    assert row_of(server, 1)["seq"] == 1


def test_the_bare_one_reads_the_same_bodies_and_answers_as_long(server: Server):
    keyring, app = server.context.keyring, bare.make_app()
    check_in = requests.check_in(keyring, requests.first_seat(keyring, 0))
    [activation] = requests.activations(range(4, 5))
    for request, status in ((check_in, 200), (activation, 201)):
        real, constant = ok(send(server, request), status), asyncio.run(ask(app, request))
        assert constant.json().keys() == real.keys()
        lengths = len(constant.json()["certificate"]), len(real["certificate"])
        assert abs(lengths[0] - lengths[1]) < 0.05 * lengths[1], lengths
    path, body = check_in
    broken = asyncio.run(ask(app, (path, body.replace(b'"nonce"', b'"nounce"'))))
    assert broken.status_code == 422
