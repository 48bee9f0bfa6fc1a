"""The audit log as operators' tools see it (JSON)."""

from datetime import datetime
from typing import Any, Final

from activation_server.formats.times import rfc3339
from activation_server.formats.words import details
from activation_server.rules.audit import Break, Checkpoint, Entry, Link, Walk

Json = dict[str, Any]


def entry(found: Entry, why: str | None) -> Json:
    """Write an entry with its reason in clear; `why_sealed` says that there is or was one."""
    return {
        "seq": found.seq,
        "at": rfc3339(found.at),
        "who": found.who,
        "action": str(found.action),
        "license_id": None if found.license_id is None else str(found.license_id),
        "subject": found.subject,
        "details": dict(found.details),
        "why": why,
        "why_sealed": found.why_sealed is not None,
    }


COLUMNS: Final = ("seq", "at", "who", "action", "license_id", "subject", "details", "why")


def cells(document: Json) -> list[object]:
    """Give the columns of an entry, for a spreadsheet."""
    return [details(document[name]) if name == "details" else document[name] for name in COLUMNS]


def verified(walk: Walk, checkpoints: int, broken: Break | None) -> Json:
    """Write how far the chain holds, and where it breaks, if it does."""
    return {
        "holds": broken is None,
        "entries": walk.entries,
        "first": _link(walk.first) if walk.entries else None,
        "last": _link(walk.last) if walk.entries else None,
        "checkpoints": checkpoints,
        "broken": broken and {"seq": broken.seq, "at": _time(broken.at), "what": broken.what.value},
    }


def checkpoint(signed: Checkpoint, jws: str) -> Json:
    """Write a checkpoint with its signed form."""
    return {**_link(signed.link), "made": rfc3339(signed.made_at), "jws": jws}


def _link(link: Link) -> Json:
    return {"seq": link.seq, "at": _time(link.at), "digest": link.digest.hex()}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
