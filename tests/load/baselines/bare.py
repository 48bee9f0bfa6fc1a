"""The bare endpoint: what FastAPI takes to read a body and to write an answer, and nothing else."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import uvloop
from fastapi import FastAPI
from pydantic import ConfigDict

from activation_server.formats.client_api import (
    ActivationRequest,
    ReactivationRequest,
)
from activation_server.web.telemetry import NO_TELEMETRY
from tests.load.baselines.answers import Answer, Seats
from tests.load.baselines.serving import serve

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


class CheckIn(ReactivationRequest):
    """The body, not strict: FastAPI parses JSON first, and a strict UUID is no text any more."""

    model_config = ConfigDict(strict=False)


class FirstActivation(ActivationRequest):
    """The same for an activation."""

    model_config = ConfigDict(strict=False)


# As long as a certificate for six components is.
ANSWER = Answer(
    status="reactivated",
    activation_id=UUID("0f8fad5b-d9cb-869f-a165-000000000001"),
    certificate="e" * 1_470,
    check_in_token="t" * 51,
    check_in_after=NOW + timedelta(days=7),
    certificate_expires=NOW + timedelta(days=30),
    seats=Seats(limit=3, used=3),
    notices=[],
    server_time=NOW,
)


def make_app() -> FastAPI:
    """Make the two calls, with a constant answer."""
    app = FastAPI(telemetry=NO_TELEMETRY)

    @app.post("/v1/activations", status_code=201)
    async def activate(_body: FirstActivation) -> Answer:
        return ANSWER

    @app.post("/v1/activations/{_activation_id}/reactivations")
    async def reactivate(_activation_id: str, _body: CheckIn) -> Answer:
        return ANSWER

    return app


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(make_app()))
