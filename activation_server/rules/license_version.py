"""Which version of a license somebody has seen: the same until what operators change is changed.

Seats in use, computers and history don't count: a license that is in use would be another one all
the time, and no change of it would ever come through.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Final

from activation_server.rules import license_change
from activation_server.rules.license import License, Terms

_FORM: Final = "license version 2"
_FORM_OF_POLICY: Final = "policy version 1"


def version(license_: License, overrides: Collection[str], key_tail: str) -> str:
    """Digest what holds for a license by operators' words: standing, policy, terms, ends, key."""
    own = license_change.own_terms(license_, overrides)
    values = (
        _FORM,
        str(license_.license_id),
        key_tail,
        license_.status,
        license_.policy,
        license_.expires_at,
        license_.maintenance_until,
        sorted(own),
        asdict(license_.terms),
    )
    text = json.dumps(values, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def policy_version(terms: Terms) -> str:
    """Digest the terms of a policy."""
    text = json.dumps((_FORM_OF_POLICY, asdict(terms)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
