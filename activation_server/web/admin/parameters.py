"""Query parameters of the admin API, as they are read."""

from typing import Annotated

from pydantic import StringConstraints

from activation_server.formats.client_api import NO_NUL

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=NO_NUL)]
