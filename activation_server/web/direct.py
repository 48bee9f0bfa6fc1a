"""The calls that come most, answered without FastAPI's way to a route, which costs as much again.

The routes are FastAPI's as well, for the OpenAPI document: both answer by the same functions.
"""

from collections.abc import Awaitable
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from activation_server.services.context import Context
from activation_server.web import client_routes
from activation_server.web.responses import EXPECTED, fault, refusal_of, refuse

_BEFORE, _AFTER = client_routes.REACTIVATIONS.split("{activation_id}")
ROUTE: Final = "direct_route"  # where a request's scope says which of these it took


class Direct:
    """Answers activations and check-ins; whatever else there is goes on to the application."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self.app = app
        self.context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        answering = self._route(scope, receive)
        if answering is None:
            await self.app(scope, receive, send)
            return
        try:
            response = await answering
        except EXPECTED as error:
            response = refuse(self.context, refusal_of(error))
        except ClientDisconnect:
            raise
        except Exception:
            await fault(self.context)(scope, receive, send)
            raise
        await send(
            {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": response.raw_headers,
            }
        )
        await send({"type": "http.response.body", "body": response.body})

    def _route(self, scope: Scope, receive: Receive) -> Awaitable[Response] | None:
        if scope["type"] != "http" or scope["method"] != "POST":
            return None
        path = scope["path"]
        if path.startswith(_BEFORE) and path.endswith(_AFTER):
            activation_id = path[len(_BEFORE) : -len(_AFTER)]
            if activation_id and "/" not in activation_id:
                scope[ROUTE] = client_routes.REACTIVATIONS
                return client_routes.reactivated(self.context, activation_id, scope, receive)
        if path == client_routes.ACTIVATIONS:
            scope[ROUTE] = client_routes.ACTIVATIONS
            return client_routes.activated(self.context, scope, receive)
        return None
