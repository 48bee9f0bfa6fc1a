"""FastAPI's own telemetry stays off: it would export paths, queries and exceptions' messages."""

from typing import Any

import pytest
from opentelemetry import _logs, metrics, trace

from tests.web.server import Server, activation, ok


class Asked:
    """A provider of any kind, as an SDK beside the server would set up; notes its use."""

    def __init__(self) -> None:
        self.for_: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.for_.append(name)
        raise AttributeError(name)


def test_nothing_is_exported(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked()
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    monkeypatch.setattr(_logs, "get_logger_provider", lambda: asked)
    monkeypatch.setattr(metrics, "get_meter_provider", lambda: asked)
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: asked)
    ok(server.activate(activation(server.issue().license_key)), 201)
    assert asked.for_ == []
