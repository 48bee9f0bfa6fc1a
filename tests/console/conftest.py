"""One server for a module's tests; each test brings members of staff of its own."""

from collections.abc import Iterator

import pytest
import structlog

from activation_server.services import single_sign_on
from tests.services.identity_provider import LittleProvider, provider_running
from tests.web.conftest import server, shared_server, shared_world
from tests.web.server import Server

__all__ = ["server", "shared_server", "shared_world"]


@pytest.fixture(scope="module")
def running_provider(shared_server: Server) -> Iterator[LittleProvider]:
    with provider_running(shared_server.world.clock) as running:
        yield running


@pytest.fixture
def all_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that ran before in this process may have left faults alone to be told."""
    structlog.reset_defaults()
    monkeypatch.setattr(single_sign_on, "log", structlog.get_logger())


@pytest.fixture
def provider(running_provider: LittleProvider, server: Server) -> LittleProvider:  # noqa: ARG001 - sets the clock back
    """The module's provider, as it is without a fault, in the module's time."""
    running_provider.as_new()
    return running_provider
