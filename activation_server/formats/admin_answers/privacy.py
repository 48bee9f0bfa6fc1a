"""Legal holds and retention."""

from typing import Literal

from pydantic import Field

from activation_server.formats.admin_answers.base import AdminAnswer, Day, Id, Time


class HoldAnswer(AdminAnswer):
    """A legal hold in force."""

    hold_id: Id
    on: Literal["license", "person"]
    license_id: Id
    person_id: Id | None
    status: str
    until: Day
    placed: Time
    lifted: Time | None


class HoldsAnswer(AdminAnswer):
    """Legal holds; the first to end first. What was written of them is not in it."""

    holds: list[HoldAnswer]


class HoldShownAnswer(HoldAnswer):
    """A legal hold with what was written of it."""

    reason: str | None = Field(description="null where its key is gone, as the others")
    ordered_by: str | None
    lifted_reason: str | None


class HoldsShownAnswer(AdminAnswer):
    """Legal holds in clear. Reading it is noted with the reason."""

    holds: list[HoldShownAnswer]


class DueAnswer(AdminAnswer):
    """How long a class of data is kept, and what of it is due to go."""

    class_: str = Field(alias="class")
    clock: str = Field(description="what its lifetime is counted from")
    lifetime: str
    is_default: bool
    version: str = Field(description="in quotation marks, what `If-Match` takes")
    action: str
    due: int
    oldest: Time | None
    held: int = Field(description="due, but under a legal hold")
    waiting: int = Field(description="due, but for something that is to be set, see `why`")
    why: str | None


class RetentionAnswer(AdminAnswer):
    """What a run would dispose of now."""

    classes: list[DueAnswer]


class LifetimeSetAnswer(DueAnswer):
    """How long a class is kept now, or would be, and what is due by that."""

    lifetime_before: str
    due_before: int


class RunClassAnswer(AdminAnswer):
    """What a run did with a class."""

    due: int
    gone: int
    held: int
    waiting: int
    why: str


class RunAnswer(AdminAnswer):
    """A run; one without an end runs still, or was cut off."""

    began: Time
    ended: Time | None
    by: str
    classes: dict[str, RunClassAnswer]


class RanAnswer(RunAnswer):
    """A run by hand; in a dry run what is due, of which nothing went."""

    paused: bool = Field(description="its time was over: the next call goes on")


class RunsAnswer(AdminAnswer):
    """The last runs, newest first."""

    runs: list[RunAnswer]
