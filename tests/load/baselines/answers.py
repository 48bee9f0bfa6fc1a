"""The answer as FastAPI has it: a model, which both baselines give."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class Seats(BaseModel):
    """The seats of the license."""

    limit: int | None
    used: int


class Answer(BaseModel):
    """What `CertificateAnswer` holds."""

    status: str
    activation_id: UUID
    certificate: str
    check_in_token: str
    check_in_after: datetime
    certificate_expires: datetime | None
    seats: Seats
    notices: list[dict[str, str]]
    server_time: datetime
