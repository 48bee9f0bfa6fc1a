"""What all answers have in common: nothing that is not described is sent."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
Id = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]


def open_(schema: dict[str, Any]) -> None:
    """Later versions add fields: a reader is not to refuse them, as the server does here."""
    schema.pop("additionalProperties", None)


class AdminAnswer(BaseModel):
    """What is not described is never sent."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=open_)


class ChangeAnswer(AdminAnswer):
    """A term, from what to what."""

    from_: Any = Field(alias="from")
    to: Any
