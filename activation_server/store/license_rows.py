"""A license as it is read: its row, with its policy's terms and the key that signs for it now."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Row,
    Select,
    Text,
    bindparam,
    cast,
    select,
    true,
)

from activation_server.rules.license import License, Status
from activation_server.store import terms as terms_json
from activation_server.store.activations import ran_out
from activation_server.store.tables import (
    licenses,
    policies,
    products,
    signing_keys,
)

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from activation_server.rules.values import dataclass

_L = licenses.c


@dataclass(frozen=True, slots=True)
class CertifiedLicense:
    """A license with what its certificates take beside the decision."""

    license: License
    algorithm: str  # of its product's certificates
    signing_key: int  # number of the key that signs its product's certificates now
    key_covers_until: datetime | None  # of that key


@dataclass(frozen=True, slots=True)
class StoredLicense(CertifiedLicense):
    """A license with what operators need as well."""

    key_tail: str
    key_sealed: bytes = field(repr=False)
    order_sealed: bytes | None = field(repr=False)
    overrides: Mapping[str, Any]


# The key that signs now, read with the license: a rotation holds at once in every process, and
# costs no question of its own. A product's own key goes before the common one.
_K = signing_keys.c
_SIGNING = (
    select(_K.number, _K.covers_until)
    .where(
        _K.signs_since.is_not(None),
        _K.retired_at.is_(None),
        _K.product.is_(None) | (_K.product == _L.product),
    )
    .order_by(_K.product.is_(None), _K.number.desc())
    .limit(1)
    .correlate(licenses)
    .lateral("signing")
)


def _with_seats(seats_used: ColumnElement[int]) -> Select[Any]:
    """Give the statement that reads licenses, with so many seats in use."""
    return (
        select(
            _L.license_id,
            _L.product,
            _L.policy,
            _L.status,
            cast(_L.overrides, Text).label("overrides"),
            _L.issued_at,
            _L.started_at,
            _L.expires_at,
            _L.maintenance_until,
            _L.order_sealed,
            _L.key_tail,
            _L.key_sealed,
            _L.hardware_salt,
            seats_used,
            _L.transfer_allowed_at,
            _L.converted_at,
            cast(policies.c.terms, Text).label("terms"),
            products.c.algorithm,
            _SIGNING.c.number.label("signing_key"),
            _SIGNING.c.covers_until.label("key_covers_until"),
        )
        .join(
            policies,
            (policies.c.product == _L.product) & (policies.c.name == _L.policy),
        )
        .join(products, products.c.code == _L.product)
        .outerjoin(_SIGNING, true())
    )


ALL: Final = _with_seats(_L.seats_used)
ALL_NOW: Final = _with_seats(  # seats whose leases ran out are not in use, marked or not
    (_L.seats_used - ran_out(_L.license_id, bindparam("now", type_=DateTime(timezone=True)))).label(
        "seats_used"
    )
)


def stored_license(row: Row[*tuple[Any, ...]]) -> StoredLicense:
    """Make a row of `ALL` into a license."""
    return StoredLicense(
        license=License(
            license_id=row.license_id,
            product=row.product,
            policy=row.policy,
            status=Status(row.status),
            terms=terms_json.from_text(row.terms, row.overrides),
            issued_at=row.issued_at,
            started_at=row.started_at,
            expires_at=row.expires_at,
            maintenance_until=row.maintenance_until,
            seats_used=row.seats_used,
            transfer_allowed=row.transfer_allowed_at is not None,
            converted=row.converted_at is not None,
            hardware_salt=row.hardware_salt,
        ),
        algorithm=row.algorithm,
        signing_key=row.signing_key,
        key_covers_until=row.key_covers_until,
        order_sealed=row.order_sealed,
        key_tail=row.key_tail,
        key_sealed=row.key_sealed,
        overrides=terms_json.overrides_from_text(row.overrides),
    )
