"""Policy terms and license overrides as JSON, and back."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from activation_server.rules.license import OnClone, Overage, TermFrom, Terms, Virtual

# How a term is read that JSON has no type for.
_READ: Mapping[str, Callable[[Any], object]] = {
    "term_from": TermFrom,
    "overage": Overage,
    "clone": OnClone,
    "virtual": Virtual,
    "features": tuple,
}


def to_json(terms: Terms) -> dict[str, Any]:
    """Write all terms of a policy."""
    return {name: _plain(value) for name, value in asdict(terms).items()}


def overrides_to_json(overrides: Mapping[str, object]) -> dict[str, Any]:
    """Write the single terms that a license overrides."""
    return {name: _plain(value) for name, value in overrides.items()}


def from_json(terms: Mapping[str, Any], overrides: Mapping[str, Any] | None = None) -> Terms:
    """Read terms; a term that was added since they were written has its default."""
    values = {**terms, **(overrides or {})}
    read = {name: _READ[name](value) for name, value in values.items() if name in _READ}
    return Terms(**{**values, **read})


@lru_cache(maxsize=4096)
def from_text(terms: str, overrides: str) -> Terms:
    """Read terms and overrides as the database writes them: few differ, and they are read often."""
    return from_json(json.loads(terms), overrides_from_text(overrides))


@lru_cache(maxsize=4096)
def overrides_from_text(overrides: str) -> Mapping[str, Any]:
    """Read overrides as the database writes them."""
    return MappingProxyType(json.loads(overrides))


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
