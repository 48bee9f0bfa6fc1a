"""Everything held on a person as JSON: every value, with what it is, why it is there, how long."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from activation_server.formats.times import rfc3339
from activation_server.rules.data_kind import DataKind
from activation_server.rules.export import Export, HeldLicense, Value
from activation_server.rules.retention import Retention

Json = dict[str, Any]


def document(export: Export) -> Json:
    """Write an export; values refer by name to `kinds`, and these to `retention`."""
    classes = {kind.retention.name: kind.retention for kind in export.kinds()}
    return {
        "email": export.email,
        "held": bool(export.licenses),
        "issuer": export.issuer,
        "made_at": rfc3339(export.at),
        "licenses": [_license(each) for each in export.licenses],
        "kinds": {kind.name: _kind(kind) for kind in export.kinds()},
        "retention": {name: _retention(each) for name, each in classes.items()},
    }


def _license(held: HeldLicense) -> Json:
    return {
        "license_id": str(held.license_id),
        "roles": [role.value for role in held.roles],
        "others_left_out": held.shared,
        "tables": [
            {
                "table": table.name,
                "about": table.about,
                "rows": [{value.column: _value(value) for value in row} for row in table.rows],
            }
            for table in held.tables
        ],
    }


def _value(value: Value) -> Json:
    shown = {"value": plain(value.value)} if value.note is None else {"not_shown": value.note}
    return {
        **shown,
        "kind": value.kind.name,
        "retention": value.kind.retention.name,
        "kept_until": value.until and value.until.isoformat(),
    }


def plain(value: object) -> object:
    """Write a stored value in JSON's types."""
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def _kind(kind: DataKind) -> Json:
    return {
        "holds": kind.holds,
        "purpose": kind.purpose,
        "legal_basis": kind.legal_basis and kind.legal_basis.value,
        "categories": list(kind.categories),
        "uses": list(kind.uses),
    }


def _retention(each: Retention) -> Json:
    return {
        "clock": each.clock,
        "lifetime": each.lifetime and str(each.lifetime),
        "action": each.action.value,
        "remark": each.remark or None,
    }
