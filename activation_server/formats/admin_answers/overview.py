"""The overview's numbers."""

from pydantic import Field

from activation_server.formats.admin_answers.base import AdminAnswer, Id, Time


class TableAnswer(AdminAnswer):
    """Numbers of one thing, as rows below a head."""

    name: str = Field(description="also of its file: `/overview/{name}.csv`")
    title: str
    about: str
    head: list[str]
    rows: list[list[str | int]] | None = Field(description="null: not counted in time")
    licenses: list[Id] = Field(description="that the rows are about, in their order")


class OverviewAnswer(AdminAnswer):
    """All numbers, as they were at one moment."""

    made: Time
    tables: list[TableAnswer]
