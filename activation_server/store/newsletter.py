"""Consents to the newsletter, found by the digest of their address, and suppressed addresses."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.consent import Channel, Consent, State
from activation_server.rules.person import Role
from activation_server.store.people import StoredPerson
from activation_server.store.tables import newsletter_consents, newsletter_suppressions, people

_N, _S, _P = newsletter_consents.c, newsletter_suppressions.c, people.c
_EVIDENCE = [_N[name] for name in Consent.__slots__]
PAGE = 1000


@dataclass(frozen=True, slots=True)
class StoredConsent:
    """The consent of a person of a license."""

    license_id: UUID
    person_id: UUID
    consent: Consent


async def lock_addresses(connection: AsyncConnection, digests: Collection[bytes]) -> None:
    """Let nobody else decide on these addresses until this transaction has ended."""
    for digest in sorted(digests):
        key = int.from_bytes(digest[:8], signed=True)
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


async def of_people(
    connection: AsyncConnection, license_id: UUID, person_ids: Collection[UUID]
) -> Mapping[UUID, Consent]:
    """Give the consents of people of a license."""
    question = select(_N.person_id, *_EVIDENCE).where(
        _N.license_id == license_id, _N.person_id.in_(person_ids)
    )
    return {row.person_id: _consent(row) for row in await connection.execute(question)}


async def of_address(connection: AsyncConnection, digest: bytes) -> Sequence[StoredConsent]:
    """Give all consents for an address, also those that were withdrawn."""
    question = (
        select(_N.license_id, _N.person_id, *_EVIDENCE)
        .where(_N.email_digest == digest)
        .order_by(_N.asked_at, _N.license_id, _N.person_id)
    )
    return [
        StoredConsent(row.license_id, row.person_id, _consent(row))
        for row in await connection.execute(question)
    ]


async def save(
    connection: AsyncConnection, license_id: UUID, person_id: UUID, consent: Consent
) -> None:
    """Write the consent of a person, in place of the one before."""
    values = asdict(consent)
    await connection.execute(
        insert(newsletter_consents)
        .values(license_id=license_id, person_id=person_id, **values)
        .on_conflict_do_update(index_elements=[_N.license_id, _N.person_id], set_=values)
    )


async def save_step(
    connection: AsyncConnection, license_id: UUID, person_id: UUID, consent: Consent
) -> None:
    """Write a consent that was confirmed or withdrawn, if its person still has it."""
    await connection.execute(
        update(newsletter_consents)
        .where(
            _N.license_id == license_id,
            _N.person_id == person_id,
            _N.email_digest == consent.email_digest,
        )
        .values(**asdict(consent))
    )


async def suppressed_since(connection: AsyncConnection, digest: bytes) -> datetime | None:
    """Give since when an address gets no newsletter."""
    found: datetime | None = await connection.scalar(
        select(_S.since).where(_S.email_digest == digest)
    )
    return found


async def suppress(connection: AsyncConnection, digest: bytes, since: datetime) -> None:
    """Write that an address gets no newsletter; the first time counts."""
    new = insert(newsletter_suppressions).values(email_digest=digest, since=since)
    await connection.execute(new.on_conflict_do_nothing())


async def lift(connection: AsyncConnection, digest: bytes) -> None:
    """Write that an address may get the newsletter again."""
    await connection.execute(delete(newsletter_suppressions).where(_S.email_digest == digest))


async def page_of_confirmed(
    connection: AsyncConnection, after: bytes
) -> Sequence[tuple[StoredPerson, Consent]]:
    """Give the next addresses that get the newsletter, by their digests, each once.

    Of several consents for an address that which was confirmed first is the evidence.
    """
    suppressed = select(_S.email_digest).where(_S.email_digest == _N.email_digest).exists()
    people_columns = [_P[name] for name in ("role", "contacted_at", "wrapped_key", "email")]
    question = (
        select(_N.license_id, _N.person_id, *_EVIDENCE, *people_columns)
        .ext(distinct_on(_N.email_digest))
        .join(people, (_P.license_id == _N.license_id) & (_P.person_id == _N.person_id))
        .where(_N.email_digest > after, _N.state == State.CONFIRMED, ~suppressed)
        .order_by(_N.email_digest, _N.confirmed_at, _N.license_id, _N.person_id)
        .limit(PAGE)
    )
    return [(_person(row), _consent(row)) for row in await connection.execute(question)]


def _person(row: Any) -> StoredPerson:  # noqa: ANN401 - a row of SQLAlchemy's
    return StoredPerson(
        license_id=row.license_id,
        person_id=row.person_id,
        role=Role(row.role),
        contacted_at=row.contacted_at,
        wrapped_key=row.wrapped_key,
        email=row.email,
    )


def _consent(row: Any) -> Consent:  # noqa: ANN401 - a row of SQLAlchemy's
    return Consent(
        email_digest=row.email_digest,
        state=State(row.state),
        wording=row.wording,
        app_version=row.app_version,
        channel=Channel(row.channel),
        asked_at=row.asked_at,
        confirmed_at=row.confirmed_at,
        confirmed_by=row.confirmed_by and Channel(row.confirmed_by),
        withdrawn_at=row.withdrawn_at,
        withdrawn_by=row.withdrawn_by and Channel(row.withdrawn_by),
    )
