"""One server for a module's tests of the admin API, and a tool that may do everything."""

import pytest

from tests.web.admin.tool import Tool, tool_with
from tests.web.conftest import server, shared_server, shared_world
from tests.web.server import Server

__all__ = ["server", "shared_server", "shared_world", "tool"]


@pytest.fixture
def tool(server: Server) -> Tool:
    """A tool that may do everything."""
    return tool_with(server)
