"""Licenses: found by key, id or what support knows; locked for a decision; changed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import (
    LargeBinary,
    Select,
    any_,
    bindparam,
    func,
    select,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.license import Status
from activation_server.store import terms as terms_json
from activation_server.store.arrays import is_given
from activation_server.store.license_rows import ALL, ALL_NOW, StoredLicense, stored_license
from activation_server.store.tables import (
    activations,
    license_keys,
    licenses,
)

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from activation_server.rules.values import dataclass

_L = licenses.c
FIND_LIMIT: Final = 150  # 100 are shown; an order's token leads to some others


@dataclass(frozen=True, slots=True)
class NewLicense:
    """A license to be written."""

    license_id: UUID
    product: str
    policy: str
    status: Status
    overrides: Mapping[str, object]
    issued_at: datetime
    expires_at: datetime | None
    maintenance_until: datetime | None
    order_sealed: bytes | None = field(repr=False)
    order_token: int | None = field(repr=False)
    key_tail: str
    key_sealed: bytes = field(repr=False)
    hardware_salt: bytes = field(repr=False)
    key_digests: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that a license gets in place of the one that it had."""

    tail: str
    sealed: bytes = field(repr=False)
    digest: bytes = field(repr=False)


_BY_IDS = ALL.where(is_given(_L.license_id))
_FIND = (  # what is not given leads nowhere
    ALL_NOW.where(
        is_given(_L.license_id)
        | (_L.key_tail == bindparam("tail"))
        | (_L.order_token == bindparam("order_token"))
    )
    .order_by(_L.issued_at.desc(), _L.license_id)
    .limit(FIND_LIMIT)
)
_BY_ID = ALL.where(_L.license_id == bindparam("license_id"))
# The exact form of a key goes before the folded one.
_BY_KEY = (
    ALL.join(license_keys, license_keys.c.license_id == _L.license_id)
    .where(license_keys.c.digest.in_([bindparam("exact"), bindparam("folded")]))
    .order_by((license_keys.c.digest == bindparam("exact")).desc())
    .limit(1)
)


async def _one(
    connection: AsyncConnection, question: Select[Any], parameters: Mapping[str, Any]
) -> StoredLicense | None:
    row = (await connection.execute(question, parameters)).one_or_none()
    return row and stored_license(row)


async def lock_by_key(
    connection: AsyncConnection, exact: bytes, folded: bytes
) -> StoredLicense | None:
    """Find a license by the two digests of a key, and lock it.

    Locks are NO KEY UPDATE: rows that refer to a license, such as events, are written meanwhile.
    """
    question = _BY_KEY.with_for_update(of=licenses, key_share=True)
    return await _one(connection, question, {"exact": exact, "folded": folded})


async def get(
    connection: AsyncConnection, license_id: UUID, *, lock: bool = False
) -> StoredLicense | None:
    """Give a license by its id; locked for a change with `lock`."""
    question = _BY_ID.with_for_update(of=licenses, key_share=True) if lock else _BY_ID
    return await _one(connection, question, {"license_id": license_id})


async def key_replaced_at(
    connection: AsyncConnection, license_id: UUID, digests: Sequence[bytes]
) -> datetime | None:
    """Give when the key of these digests was replaced; `None` for one that is in use."""
    row = await connection.execute(
        select(license_keys.c.replaced_at)
        .where(license_keys.c.license_id == license_id, license_keys.c.digest.in_(digests))
        .limit(1)
    )
    return row.scalar_one_or_none()


_OF_DIGESTS: Final = select(license_keys.c.digest, license_keys.c.license_id).where(
    license_keys.c.digest == any_(bindparam("digests", type_=ARRAY(LargeBinary))),
    license_keys.c.license_id.is_not(None),
)
_LED_TO: Final = union(
    _OF_DIGESTS.with_only_columns(license_keys.c.license_id),
    select(activations.c.license_id).where(activations.c.hardware_token == bindparam("token")),
)


async def ids_led_to(
    connection: AsyncConnection, digests: Sequence[bytes], hardware_token: bytes | None
) -> Sequence[UUID]:
    """Give the licenses of these key digests, and those that a computer holds or held a seat of."""
    parameters = {"digests": list(digests), "token": hardware_token}
    return (await connection.execute(_LED_TO, parameters)).scalars().all()


async def ids_by_digests(connection: AsyncConnection, digests: Sequence[bytes]) -> Collection[UUID]:
    """Give the licenses that any of these key digests leads to."""
    return set((await ids_of_digests(connection, digests)).values())


async def ids_of_digests(
    connection: AsyncConnection, digests: Sequence[bytes]
) -> Mapping[bytes, UUID]:
    """Give the license that each of these key digests leads to."""
    rows = await connection.execute(_OF_DIGESTS, {"digests": list(digests)})
    return {row.digest: row.license_id for row in rows}


async def find(
    connection: AsyncConnection,
    now: datetime,
    *,
    ids: Collection[UUID] = (),
    tail: str | None = None,
    order_token: int | None = None,
) -> Sequence[StoredLicense]:
    """Give at most `FIND_LIMIT` licenses that any of these leads to, as of now, newest first."""
    parameters = {"ids": list(ids), "tail": tail, "order_token": order_token, "now": now}
    rows = await connection.execute(_FIND, parameters)
    return [stored_license(row) for row in rows]


async def by_ids(connection: AsyncConnection, ids: Collection[UUID]) -> Sequence[StoredLicense]:
    """Give the licenses of these ids, in no order."""
    rows = await connection.execute(_BY_IDS, {"ids": list(ids)})
    return [stored_license(row) for row in rows]


async def first_of_product(connection: AsyncConnection, product: str) -> StoredLicense | None:
    """Give the oldest license of a product."""
    question = ALL.where(_L.product == product).order_by(_L.issued_at, _L.license_id).limit(1)
    return await _one(connection, question, {})


async def add(connection: AsyncConnection, new: Sequence[NewLicense]) -> None:
    """Add licenses with what their keys are looked up by."""
    await connection.execute(insert(licenses), [columns_of(license_) for license_ in new])
    await connection.execute(
        insert(license_keys),
        [
            {"digest": digest, "license_id": license_.license_id}
            for license_ in new
            for digest in license_.key_digests
        ],
    )


def columns_of(license_: NewLicense) -> dict[str, Any]:
    """Give the columns of a new license's row."""
    return {
        "license_id": license_.license_id,
        "product": license_.product,
        "policy": license_.policy,
        "status": license_.status,
        "status_at": license_.issued_at,
        "overrides": terms_json.overrides_to_json(license_.overrides),
        "issued_at": license_.issued_at,
        "expires_at": license_.expires_at,
        "maintenance_until": license_.maintenance_until,
        "order_sealed": license_.order_sealed,
        "order_token": license_.order_token,
        "key_tail": license_.key_tail,
        "key_sealed": license_.key_sealed,
        "hardware_salt": license_.hardware_salt,
        "seats_used": 0,
    }


async def replace_key(
    connection: AsyncConnection, license_id: UUID, new: NewKey, now: datetime
) -> None:
    """Give a license a new key; those that it had lead to it still, as replaced."""
    await connection.execute(
        update(license_keys)
        .where(license_keys.c.license_id == license_id, license_keys.c.replaced_at.is_(None))
        .values(replaced_at=now)
    )
    await connection.execute(insert(license_keys).values(digest=new.digest, license_id=license_id))
    await connection.execute(
        update(licenses)
        .where(_L.license_id == license_id)
        .values(key_tail=new.tail, key_sealed=new.sealed)
    )


async def set_status(
    connection: AsyncConnection, license_id: UUID, status: Status, now: datetime
) -> None:
    """Suspend, reinstate or revoke."""
    await connection.execute(
        update(licenses).where(_L.license_id == license_id).values(status=status, status_at=now)
    )


async def set_transfer_allowed(
    connection: AsyncConnection, license_id: UUID, at: datetime | None
) -> None:
    """Write since when one more transfer is allowed; `None` for no more than by its terms."""
    await connection.execute(
        update(licenses).where(_L.license_id == license_id).values(transfer_allowed_at=at)
    )


async def set_converted(
    connection: AsyncConnection,
    license_id: UUID,
    order: tuple[bytes | None, int | None],
    now: datetime,
) -> None:
    """Write that a trial was bought; with its order, sealed, and the order's token, if it has one.

    Without one the license keeps the order that it may have.
    """
    sealed, token = order
    named = {} if sealed is None else {"order_sealed": sealed, "order_token": token}
    await connection.execute(
        update(licenses).where(_L.license_id == license_id).values(converted_at=now, **named)
    )


async def set_ends(
    connection: AsyncConnection,
    license_id: UUID,
    expires_at: datetime | None,
    maintenance_until: datetime | None,
) -> None:
    """Write a license's own ends; `None` leaves one to its terms."""
    await connection.execute(
        update(licenses)
        .where(_L.license_id == license_id)
        .values(expires_at=expires_at, maintenance_until=maintenance_until)
    )


async def set_terms(
    connection: AsyncConnection,
    stored: StoredLicense,
    policy: str,
    terms: Mapping[str, object],
    reset: Collection[str],
) -> None:
    """Write a license's policy, and `terms` over those that it sets itself, less those reset."""
    kept = {name: value for name, value in stored.overrides.items() if name not in reset}
    overrides = {**kept, **terms_json.overrides_to_json(terms)}
    await connection.execute(
        update(licenses)
        .where(_L.license_id == stored.license.license_id)
        .values(policy=policy, overrides=overrides)
    )


async def take_seat(connection: AsyncConnection, license_id: UUID, now: datetime) -> None:
    """Count one more seat; the first starts the license's clock, once."""
    await connection.execute(
        update(licenses)
        .where(_L.license_id == license_id)
        .values(seats_used=_L.seats_used + 1, started_at=func.coalesce(_L.started_at, now))
    )


async def free_seats(connection: AsyncConnection, license_id: UUID, count: int) -> None:
    """Count so many seats less."""
    await connection.execute(
        update(licenses).where(_L.license_id == license_id).values(seats_used=_L.seats_used - count)
    )
