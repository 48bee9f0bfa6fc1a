"""How long classes of data are kept."""

from typing import Annotated

from pydantic import Field

from activation_server.formats.admin_requests.base import AdminBody, Reason, example, string
from activation_server.rules.retention import LONGEST_COUNT, Lifetime, Unit


class LifetimeBody(AdminBody):
    """So many days or months."""

    count: Annotated[int, Field(ge=1, le=LONGEST_COUNT)]
    unit: Unit

    def lifetime(self) -> Lifetime:
        """Give it as the rules have it."""
        return Lifetime(self.count, self.unit)


class RetentionBody(AdminBody):
    """How long a class of data is to be kept."""

    model_config = example(
        {
            "class": "comments",
            "lifetime": {"count": 12, "unit": "months"},
            "reason": "the new policy",
        }
    )

    of_class: Annotated[str, string(64), Field(alias="class")]
    lifetime: LifetimeBody | None = Field(description="null: the default")
    reason: Reason
