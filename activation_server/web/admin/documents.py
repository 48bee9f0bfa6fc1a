"""Licenses as the admin API has them: the end of the key, people masked."""

from datetime import datetime

from activation_server.formats import admin_api
from activation_server.formats.admin_api import Json
from activation_server.formats.support_advice import advice
from activation_server.rules.reasons import Reason
from activation_server.services.licensing import LicenseHistory, LicenseView


def seen(view: LicenseView, now: datetime) -> Json:
    """Write a license without its people."""
    return admin_api.license_seen(view.license, view.key_tail, view.order_reference, now)


def found(view: LicenseView, now: datetime) -> Json:
    """Write a license with its people, as they are given, and its legal holds."""
    return {
        **seen(view, now),
        "people": [admin_api.person(each) for each in view.people],
        "people_total": view.people_total,
        "holds": [admin_api.hold(each, now.date(), clear=False) for each in view.holds],
    }


def shown(history: LicenseHistory, now: datetime) -> Json:
    """Write all of a license."""
    return {
        **found(history.view, now),
        "explanation": list(history.explanation),
        "terms": admin_api.terms(history.terms, history.own_terms),
        "activations": activations(history, now),
        "events": events(history),
        "events_total": history.events_total,
        "refusals": refusals(history),
    }


def activations(history: LicenseHistory, now: datetime) -> list[Json]:
    """Write the computers of a license."""
    return [admin_api.activation(each, now) for each in history.activations]


def events(history: LicenseHistory) -> list[Json]:
    """Write the newest lines of a license's history."""
    return [admin_api.event(each.at, each.kind, each.details) for each in history.events]


def refusals(history: LicenseHistory) -> list[Json]:
    """Write what a license's computers were refused for, in plain words."""
    return [
        {
            **admin_api.refusal(each.at, each.code, each.times, each.evidence),
            **advice(Reason(each.code), each.evidence),
        }
        for each in history.refusals
    ]


def etag(view: LicenseView) -> dict[str, str]:
    """Give the header that names the version of a license."""
    return {"ETag": f'"{view.version}"'}
