"""Staff and their sessions as operators' tools see them (JSON)."""

from datetime import datetime
from typing import Any

from activation_server.formats.times import rfc3339
from activation_server.rules.permissions import Role
from activation_server.rules.staff import Session, Standing

Json = dict[str, Any]


def member(
    name: str, role: Role, standing: Standing, added_at: datetime, link_until: datetime | None
) -> Json:
    """Write a member of staff; `link_until` where a link is open."""
    return {
        "name": name,
        "role": role.value,
        "standing": standing.value,
        "added": rfc3339(added_at),
        "link_until": None if link_until is None else rfc3339(link_until),
    }


def session(each: Session) -> Json:
    """Write a session that holds."""
    return {
        "session_id": str(each.session_id),
        "name": each.name,
        "role": each.role.value,
        "since": rfc3339(each.began_at),
        "used": rfc3339(each.seen_at),
        "signed_in": rfc3339(each.signed_in_at),
        "ends": rfc3339(each.ends_at),
    }
