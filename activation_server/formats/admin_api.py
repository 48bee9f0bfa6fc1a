"""Licenses, policies and activations as operators' tools see them (JSON)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from activation_server import base64url
from activation_server.formats.times import rfc3339
from activation_server.rules import activation_version
from activation_server.rules.api_token import ApiToken
from activation_server.rules.hold import Hold
from activation_server.rules.license import License, Terms
from activation_server.rules.license_change import Change
from activation_server.rules.person import Profile
from activation_server.rules.retention import Due, Lifetime, Retention
from activation_server.rules.seat import Activation
from activation_server.rules.signing_keys import FOREVER, PUBLISHED, KeyLife, Standing

Json = dict[str, Any]


def product(code: str, name: str, algorithm: str, policies: Sequence[str]) -> Json:
    """Write a product with the names of its policies."""
    return {"code": code, "name": name, "algorithm": algorithm, "policies": list(policies)}


def policy(product: str, name: str, terms: Terms) -> Json:
    """Write a policy with every term; null means unlimited, for ever or any."""
    return {"product": product, "name": name, **asdict(terms), "features": list(terms.features)}


def license_(license_: License, key: str, order_reference: str | None, now: datetime) -> Json:
    """Write a license with the terms that hold for it now."""
    coverage = license_.coverage(now)
    return {
        "license_id": str(license_.license_id),
        "license_key": key,
        "product": license_.product,
        "policy": license_.policy,
        "status": license_.status.value,
        "kind": coverage.kind,
        "edition": coverage.edition,
        "features": list(coverage.features),
        "seats": coverage.seats,
        "seats_used": license_.seats_used,
        "issued": rfc3339(license_.issued_at),
        "started": _time(license_.started_at),
        "expires": _time(coverage.expires),
        "accepted_until": _time(license_.stops_at(now)),
        "maintenance_until": _time(coverage.maintenance_until),
        "order": order_reference,
    }


def license_seen(seen: License, key_tail: str, order_reference: str | None, now: datetime) -> Json:
    """Write a license as the admin API has it: with the end of its key alone."""
    document = license_(seen, "", order_reference, now)
    del document["license_key"]
    return {**document, "key_tail": key_tail}


def terms(in_force: Mapping[str, object], own: Collection[str]) -> Json:
    """Write the terms that hold for a license, each with who sets it."""
    return {
        name: {"value": plain(value), "from": "license" if name in own else "policy"}
        for name, value in in_force.items()
    }


def changes(changed: Mapping[str, Change]) -> Json:
    """Write which terms hold differently, from what to what."""
    return {
        name: {"from": plain(change.before), "to": plain(change.after)}
        for name, change in changed.items()
    }


def plain(value: object) -> object:
    """Write a term's value as JSON has it."""
    if isinstance(value, datetime):
        return rfc3339(value)
    return list(value) if isinstance(value, tuple) else value


def activation(activation: Activation, now: datetime) -> Json:
    """Write a computer's seat; nothing in it names a person."""
    status = "active" if activation.is_active(now) else "lapsed"
    return {
        "activation_id": str(activation.activation_id),
        "license_id": str(activation.license_id),
        "status": status if activation.removed_at is None else "removed",
        "activated": rfc3339(activation.activated_at),
        "last_check_in": rfc3339(activation.last.at),
        "check_in_after": rfc3339(activation.last.check_in_after),
        "certificate_expires": _time(activation.last.certificate_expires),
        "leased_until": _time(activation.leased_until),
        "virtual_machine": activation.virtual,
        "removed": _time(activation.removed_at),
        "removed_by": activation.removed_by and activation.removed_by.value,
        "app_version": activation.last.app.version,
        "app_edition": activation.last.app.edition,
        "os": f"{activation.last.computer.os_family} {activation.last.computer.os_version}",
        "check_ins": activation.seq - 1,
        "version": activation_version.version(activation),
    }


def person(profile: Profile) -> Json:
    """Write what is known of a person on a license, masked or not as it is given."""
    return {
        "person_id": str(profile.person_id),
        "role": profile.role.value,
        "name": profile.person.name,
        "company": profile.person.company,
        "email": profile.person.email,
        "last_contact": rfc3339(profile.contacted_at),
        "erased": _time(profile.erased_at),
        "version": profile.version,
        "computers": [
            {
                "activation_id": str(activation_id),
                "name": computer.name,
                "comments": computer.comments,
                "commented": _time(computer.commented_at),
            }
            for activation_id, computer in profile.computers.items()
        ],
        "computers_total": profile.computers_total,
    }


def hold(hold: Hold, today: date, *, clear: bool) -> Json:
    """Write a legal hold; what operators wrote of it only in clear."""
    words = {
        "reason": hold.reason,
        "ordered_by": hold.ordered_by,
        "lifted_reason": hold.lifted_reason,
    }
    return {
        "hold_id": str(hold.hold_id),
        "on": "license" if hold.person_id is None else "person",
        "license_id": str(hold.license_id),
        "person_id": None if hold.person_id is None else str(hold.person_id),
        "status": hold.status(today).value,
        "until": day(hold.until),
        "placed": rfc3339(hold.placed_at),
        "lifted": _time(hold.lifted_at),
        **(words if clear else {}),
    }


def event(at: datetime, kind: str, details: Mapping[str, Any]) -> Json:
    """Write a line of history."""
    return {"at": rfc3339(at), "kind": kind, **details}


def refusal(at: datetime, code: str, times: int, evidence: Mapping[str, Any]) -> Json:
    """Write the last refusal with a code."""
    return {"at": rfc3339(at), "code": code, "times": times, "evidence": dict(evidence)}


def release(product: str, version: str, released: date) -> Json:
    """Write a version on a product's list of releases."""
    return {"product": product, "version": version, "released": day(released)}


def signing_key(life: KeyLife, standing: Standing, raw: bytes) -> Json:
    """Write a signing key: never its secret; `x` is its public key (RFC 8037)."""
    endless = life.covers_until is not None and life.covers_until >= FOREVER
    return {
        "kid": life.kid,
        "x": base64url.encode(raw),
        "product": life.product,
        "status": standing.value,
        "published": standing in PUBLISHED,
        "created": rfc3339(life.created_at),
        "signs_since": _time(life.signs_since),
        "certificates_until": None if endless else _time(life.covers_until),
        "certificates_without_end": endless,
        "retired": _time(life.retired_at),
        "reason": life.reason,
    }


def kept(of_class: Retention, lifetime: Lifetime, *, is_default: bool) -> Json:
    """Write how long a class of data is kept."""
    return {
        "class": of_class.name,
        "clock": of_class.clock,
        "lifetime": str(lifetime),
        "is_default": is_default,
        "action": of_class.action.value,
    }


def due(due: Due) -> Json:
    """Write what of a class is due to go."""
    return {
        "due": due.count,
        "oldest": _time(due.oldest),
        "held": due.held,
        "waiting": due.waiting,
        "why": due.why or None,
    }


def api_token(token: ApiToken, now: datetime) -> Json:
    """Write an API token: never what it is known by."""
    return {
        "name": token.name,
        "scopes": sorted(token.scopes),
        "status": token.standing(now).value,
        "made_by": token.made_by,
        "made": rfc3339(token.made_at),
        "expires": rfc3339(token.expires_at),
        "last_used": day(token.last_used),
        "revoked": _time(token.revoked_at),
    }


def retention_run(
    began_at: datetime, ended_at: datetime | None, by: str, classes: Mapping[str, Any]
) -> Json:
    """Write the review record of a run."""
    return {"began": rfc3339(began_at), "ended": _time(ended_at), "by": by, "classes": classes}


def licenses(found: Sequence[Json]) -> Json:
    """Write a list of licenses."""
    return {"licenses": list(found)}


def day(moment: date | None) -> str | None:
    """Write a day as `2026-11-22`."""
    return None if moment is None else moment.isoformat()


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
