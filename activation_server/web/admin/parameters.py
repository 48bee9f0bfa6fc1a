"""Query parameters of the admin API, as they are read."""

from typing import Annotated

from fastapi import Query
from pydantic import StringConstraints

from activation_server.formats.admin_requests.base import Moment
from activation_server.formats.client_api import NO_NUL
from activation_server.rules.license import Status
from activation_server.rules.reasons import Reason

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=NO_NUL)]

# What narrows lists of licenses.
OfStatus = Annotated[Status | None, Query()]
OfProduct = Annotated[Text | None, Query(max_length=64, description="a product's code")]
OfPolicy = Annotated[Text | None, Query(max_length=200, description="a policy's name")]
EndsBefore = Annotated[
    Moment | None, Query(description="that have ended, or will end, before this time")
]
EndsAfter = Annotated[Moment | None, Query(description="that end at this time or after it")]
WasRefused = Annotated[
    Reason | None, Query(description="a computer of which was refused for this reason")
]
