"""Licenses as the statements of the hot path read them, on the driver's own connection."""

from collections.abc import Sequence
from typing import Any, Final

from activation_server.rules.license import License, Status
from activation_server.store import terms
from activation_server.store.licenses import CertifiedLicense

# As `certified` takes them; `l` is the license.
COLUMNS: Final = """
    products.algorithm, s.number, s.covers_until, l.license_id, l.product, l.policy, l.status,
    policies.terms::text, l.overrides::text, l.issued_at, l.started_at, l.expires_at,
    l.maintenance_until, l.seats_used, l.hardware_salt
"""
COUNT: Final = 15  # of these columns
# The key that signs now is read along: see `store/licenses.py`.
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
"""
_STATUSES = {each.value: each for each in Status}  # faster than the enumeration


def certified(values: Sequence[Any]) -> CertifiedLicense:
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
    return CertifiedLicense(license_, algorithm, signing_key, key_covers_until)
