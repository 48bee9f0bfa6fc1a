"""Staff and their sessions as operators' tools see them (JSON)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from activation_server.formats.times import rfc3339
from activation_server.rules.permissions import Role
from activation_server.rules.staff import Session, SingleSignOn, Standing

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


def account(  # noqa: PLR0913 - what an account has
    staff_id: UUID,
    basics: Json,
    *,
    last_seen: date | None,
    disabled_at: datetime | None,
    single_sign_on: SingleSignOn | None,
    has_password: bool,
    passkeys: int,
    codes_left: int,
    sessions: int,
    version: str,
) -> Json:
    """Write an account as administrators see it; `basics` as `member` writes them."""
    return {
        "staff_id": str(staff_id),
        **basics,
        "last_seen": None if last_seen is None else last_seen.isoformat(),
        "disabled": None if disabled_at is None else rfc3339(disabled_at),
        "single_sign_on": None if single_sign_on is None else single_sign_on.value,
        "has_password": has_password,
        "passkeys": passkeys,
        "recovery_codes_left": codes_left,
        "signed_in_browsers": sessions,
        "version": version,
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
