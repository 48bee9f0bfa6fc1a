"""A little OpenID provider on loopback: real keys, real HTTP; tests make it say what is wrong."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import uvicorn
from fastapi import FastAPI, Request
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from tests.conftest import Clock

HOST = "127.0.0.1"
CLIENT_ID, SECRET = "console", "shown once by the provider"
Json = dict[str, Any]


@dataclass
class LittleProvider:
    """What it is asked, and what it says; `claims` are changed for each ID token that it writes."""

    clock: Clock
    url: str
    account: Json = field(default_factory=dict)
    claims: Json = field(default_factory=dict)  # `...` leaves one out
    metadata: Json = field(default_factory=dict)
    key: RSAKey | ECKey = field(default_factory=lambda: RSAKey.generate_key(2048))
    algorithm: str = "RS256"
    kid: str = "first"
    write: Callable[[Json], str] | None = None  # an ID token, in place of a good one
    userinfo: Json | None = None
    page: bool = False  # ask in a page, as a person sees it
    waits: threading.Event | None = None  # for this before it answers
    asked: list[str] = field(default_factory=list)
    wanted: Json = field(default_factory=dict)  # the last authorization request
    _codes: dict[str, Json] = field(default_factory=dict)

    def as_new(self) -> None:
        """Forget what tests made it say."""
        self.account, self.claims, self.metadata = {}, {}, {}
        self.write = self.userinfo = self.waits = None
        self.asked.clear()

    def sign(self, claims: Json) -> str:
        return jwt.encode({"alg": self.algorithm, "kid": self.kid}, claims, self.key)

    def unsigned(self, claims: Json, algorithm: str, secret: bytes | None = None) -> str:
        """Write a token by hand, as an attacker does who has the public key."""
        head = json.dumps({"alg": algorithm, "kid": self.kid}).encode()
        text = f"{_b64(head)}.{_b64(json.dumps(claims).encode())}"
        mac = b"" if secret is None else hmac.digest(secret, text.encode(), hashlib.sha256)
        return f"{text}.{_b64(mac)}"

    def rotate(self, kid: str) -> None:
        self.key, self.algorithm, self.kid = ECKey.generate_key("P-256"), "ES256", kid

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.middleware("http")
        async def noted(request: Request, call_next: Any) -> Response:
            self.asked.append(request.url.path)
            if self.waits is not None:
                await asyncio.to_thread(self.waits.wait)
            answer: Response = await call_next(request)
            return answer

        @app.get("/.well-known/openid-configuration")
        async def discovery() -> JSONResponse:
            found = {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/jwks",
                "userinfo_endpoint": f"{self.url}/userinfo",
            }
            return JSONResponse({**found, **self.metadata})

        app.get("/jwks")(
            lambda: {"keys": [{**self.key.as_dict(private=False), "kid": self.kid, "use": "sig"}]}
        )
        app.get("/authorize")(self._authorize)
        app.post("/token")(self._token)

        @app.get("/userinfo")
        async def userinfo(request: Request) -> JSONResponse:
            assert request.headers["authorization"] == "Bearer an-access-token"
            return JSONResponse(self.userinfo or {})

        return app

    async def _authorize(self, request: Request) -> Response:
        asked = self.wanted = dict(request.query_params)
        if self.page and "go" not in asked:
            link = f"/authorize?{urlencode({**asked, 'go': '1'})}".replace("&", "&amp;")
            return HTMLResponse(f'<h1>The provider</h1><a href="{link}">It is me</a>')
        code = secrets.token_urlsafe(16)
        self._codes[code] = {**asked, "at": self.clock()}
        back = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", 302)

    async def _token(self, request: Request) -> JSONResponse:
        form = dict(await request.form())
        asked = self._codes.pop(str(form.get("code")), None)
        digest = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
        basic = base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_client"}, 401)
        if (
            asked is None
            or asked["code_challenge_method"] != "S256"
            or asked["code_challenge"] != _b64(digest)
            or asked["redirect_uri"] != form.get("redirect_uri")
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(self.clock().timestamp())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "auth_time": now,
            **self.account,
            **self.claims,
        }
        said = {name: value for name, value in claims.items() if value is not ...}
        token = (self.write or self.sign)(said)
        return JSONResponse(
            {"access_token": "an-access-token", "token_type": "Bearer", "id_token": token}
        )


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@contextmanager
def provider_running(clock: Clock) -> Iterator[LittleProvider]:
    """Serve a provider on a free port."""
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        listening.listen()
        provider = LittleProvider(clock, f"http://{HOST}:{listening.getsockname()[1]}")
        config = uvicorn.Config(provider.app(), log_config=None, ws="none", lifespan="off")
        server = uvicorn.Server(config)
        run = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
        run.start()
        try:
            yield provider
        finally:
            if provider.waits is not None:
                provider.waits.set()
            server.should_exit = True
            run.join(timeout=30)
            assert not run.is_alive()
