"""A tool of the vendor that may do everything."""

import pytest

from tests.web.admin.tool import Tool, tool_with
from tests.web.server import Server


@pytest.fixture
def tool(server: Server) -> Tool:
    """A tool that may do everything."""
    return tool_with(server)
