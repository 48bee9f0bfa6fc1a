"""Licenses as the statements of the hot path read them, on the driver's own connection."""

import json
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from activation_server.rules.license import License, Status
from activation_server.rules.releases import Releases
from activation_server.store import terms
from activation_server.store.license_rows import CertifiedLicense

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from activation_server.rules.values import dataclass

# As `certified` takes them; `l` is the license.
COLUMNS: Final = """
    products.algorithm, s.number, s.covers_until, l.license_id, l.product, l.policy, l.status,
    policies.terms::text, l.overrides::text, l.issued_at, l.started_at, l.expires_at,
    l.maintenance_until, l.seats_used, l.hardware_salt, listed.releases
"""
COUNT: Final = 16  # of these columns
# The key that signs now is read along: see `store/licenses.py`. So are the releases that may stand
# for the app's version, where it does not say when it came out: `wanted.versions`, with commas.
JOINED: Final = """
    JOIN policies ON policies.product = l.product AND policies.name = l.policy
    JOIN products ON products.code = l.product
    CROSS JOIN LATERAL (
        SELECT k.number, k.covers_until FROM signing_keys AS k
        WHERE k.signs_since IS NOT NULL AND k.retired_at IS NULL
            AND (k.product IS NULL OR k.product = l.product)
        ORDER BY k.product IS NULL, k.number DESC
        LIMIT 1
    ) AS s
    CROSS JOIN LATERAL (
        SELECT json_object_agg(r.version, r.released)::text AS releases FROM releases AS r
        WHERE r.product = l.product AND r.version = ANY (string_to_array(wanted.versions, ','))
    ) AS listed
"""
_NONE: Final[Releases] = MappingProxyType({})
_STATUSES = {each.value: each for each in Status}  # faster than the enumeration


@dataclass(frozen=True, slots=True)
class PooledLicense:
    """A license, and the releases of its product that may stand for the app's version."""

    certified: CertifiedLicense
    releases: Releases


def pooled(values: Sequence[Any]) -> PooledLicense:
    """Make `COLUMNS` into a license."""
    (
        algorithm,
        signing_key,
        key_covers_until,
        license_id,
        product,
        policy,
        status,
        its_terms,
        overrides,
        issued_at,
        started_at,
        expires_at,
        maintenance_until,
        seats_used,
        hardware_salt,
        releases,
    ) = values
    license_ = License(
        license_id=license_id,
        product=product,
        policy=policy,
        status=_STATUSES[status],
        terms=terms.from_text(its_terms, overrides),
        issued_at=issued_at,
        started_at=started_at,
        expires_at=expires_at,
        maintenance_until=maintenance_until,
        seats_used=seats_used,
        hardware_salt=hardware_salt,
    )
    stored = CertifiedLicense(license_, algorithm, signing_key, key_covers_until)
    return PooledLicense(stored, _NONE if releases is None else _releases(releases))


@lru_cache(maxsize=256)  # a product has few versions in use
def _releases(text: str) -> Releases:
    return {version: date.fromisoformat(day) for version, day in json.loads(text).items()}
