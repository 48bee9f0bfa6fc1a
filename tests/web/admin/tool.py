"""A tool of the vendor that calls the admin API with a token."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import httpx

from activation_server.rules.api_token import SCOPES, TokenOrder
from activation_server.rules.permissions import Permission
from activation_server.services import api_tokens
from tests.web.server import Json, Server

PREFIX = "/admin/v1"


def new_token(server: Server, scopes: Collection[Permission] = SCOPES, days: int = 90) -> str:
    """A token of its own name, with these scopes."""
    order = TokenOrder(f"t-{uuid.uuid4().hex}", scopes, days)
    return server.run(api_tokens.issue(server.context, order)).text


@dataclass(frozen=True)
class Tool:
    """Calls with its token; each change has an idempotency key of its own."""

    server: Server
    token: str

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.server.send(method, f"{PREFIX}{path}", headers=headers, **options)

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        return self.send("GET", path, params=parameters)

    def post(
        self,
        path: str,
        body: Json,
        *,
        etag: str | None = None,
        key: str | None = None,
        **parameters: Any,
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        if etag is not None:
            headers["If-Match"] = etag
        return self.send("POST", path, json=body, headers=headers, params=parameters)


def tool_with(server: Server, *scopes: Permission) -> Tool:
    """A tool whose token has these scopes, or all without any."""
    return Tool(server, new_token(server, scopes or SCOPES))
