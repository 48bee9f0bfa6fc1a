"""A license in the archive, with everything that was stored of it: one line of JSON."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from activation_server import base64url
from activation_server.formats import license_key
from activation_server.formats.admin_api import Json

_DIGEST_BYTES = 16

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def line(license_: Json, people: Sequence[Json], rows: Rows) -> bytes:
    """Write a license: as operators see it, its people in clear, and all its rows."""
    record = {"license": license_, "people": list(people), "rows": _plain(rows)}
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def records(clear: bytes) -> Iterator[Json]:
    """Read the licenses of a file, one at a time."""
    for each in clear.splitlines():
        yield json.loads(each)


def is_of(record: Json, id_or_key: str) -> bool:
    """Tell whether a license has this id or key; a key is forgiven case, spaces and dashes."""
    license_, wanted = record["license"], id_or_key.strip()
    key = license_key.lookup_forms(license_["license_key"]).folded
    return (
        wanted.lower() == license_["license_id"] or license_key.lookup_forms(wanted).folded == key
    )


def digest(rows: Rows) -> bytes:
    """Give what changes with any row of a license."""
    return hashlib.sha256(json.dumps(_plain(rows), sort_keys=True).encode()).digest()


def license_digest(license_id: UUID) -> str:
    """Give what stands in a manifest for a license: it tells nothing to who has not the id."""
    return base64url.encode(hashlib.sha256(license_id.bytes).digest()[:_DIGEST_BYTES])


def moments(rows: Rows, until: datetime) -> Iterator[datetime]:
    """Give every moment up to `until` that rows tell of."""
    for table in rows.values():
        for row in table:
            for value in row.values():
                if isinstance(value, datetime) and value <= until:
                    yield value


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of the database
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return base64url.encode(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
