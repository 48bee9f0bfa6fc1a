"""One server for a module's tests; each test brings members of staff of its own."""

from tests.web.conftest import server, shared_server, shared_world

__all__ = ["server", "shared_server", "shared_world"]
