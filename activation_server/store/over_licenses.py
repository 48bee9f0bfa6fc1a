"""Licenses that may be over for long: the few of all that are worth a look."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import and_, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.license import Status
from activation_server.store.holds import held
from activation_server.store.license_rows import ALL, StoredLicense, stored_license
from activation_server.store.tables import licenses, policies

PAGE = 1000
_L = licenses.c
_HAS_TERM = or_(
    *(
        or_(policies.c.terms[name].astext.is_not(None), _L.overrides[name].astext.is_not(None))
        for name in ("term_days", "trial_days")
    )
)


async def page(
    connection: AsyncConnection, cutoff: datetime, today: date, after: UUID
) -> Sequence[tuple[StoredLicense, datetime, bool]]:
    """Give the next licenses, by id, that may be over since before a time.

    Of each also since when its status holds, and whether it is under a legal hold.
    """
    may_be_over = or_(
        and_(_L.status == Status.REVOKED, _L.status_at < cutoff),
        _L.expires_at < cutoff,
        and_(_L.expires_at.is_(None), _HAS_TERM),
    )
    question = (
        ALL.add_columns(_L.status_at, held(_L.license_id, today).label("is_held"))
        .where(_L.license_id > after, _L.issued_at < cutoff, may_be_over)
        .order_by(_L.license_id)
        .limit(PAGE)
    )
    rows = await connection.execute(question)
    return [(stored_license(row), row.status_at, row.is_held) for row in rows]
