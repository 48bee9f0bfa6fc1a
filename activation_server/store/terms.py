"""Policy terms and license overrides as JSON, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from activation_server.rules.license import OnClone, Overage, TermFrom, Terms


def to_json(terms: Terms) -> dict[str, Any]:
    """Write all terms of a policy."""
    return {name: _plain(value) for name, value in asdict(terms).items()}


def overrides_to_json(overrides: Mapping[str, object]) -> dict[str, Any]:
    """Write the single terms that a license overrides."""
    return {name: _plain(value) for name, value in overrides.items()}


def from_json(terms: Mapping[str, Any], overrides: Mapping[str, Any] | None = None) -> Terms:
    """Read terms; a term that was added since they were written has its default."""
    values = {**terms, **(overrides or {})}
    if "term_from" in values:
        values["term_from"] = TermFrom(values["term_from"])
    if "overage" in values:
        values["overage"] = Overage(values["overage"])
    if "clone" in values:
        values["clone"] = OnClone(values["clone"])
    if "features" in values:
        values["features"] = tuple(values["features"])
    return Terms(**values)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
