from dataclasses import fields, replace

import pytest

from activation_server.rules.explanation import Decided, Facts, explain
from activation_server.rules.license import (
    License,
    OnClone,
    Overage,
    Status,
    TermFrom,
    Terms,
    Virtual,
    refuse_standing,
)
from tests.factories import DAY, NOW, make_license

# What is said of a license like any other.
PLAIN = (
    "Never ends.",
    "0 of 1 seats in use.",
    "Apps check in every 7 days and work 30 days without the server.",
    "Two copies of an installation are flagged, with certificates of 72 hours.",
)


def said_of(license_: License, **values: object) -> list[str]:
    """The sentences on a license that differ from those on a plain one."""
    plain = Facts(license_, own=(), decided=None, given_back=0, now=NOW)
    return [one for one in explain(replace(plain, **values)) if one not in PLAIN]  # type: ignore[arg-type]


def test_a_plain_license_is_explained():
    assert explain(Facts(make_license(), (), None, 0, NOW)) == list(PLAIN)


@pytest.mark.parametrize(
    ("status", "decided", "said"),
    [
        (
            Status.SUSPENDED,
            Decided(NOW - DAY, "payment disputed."),
            "2026-11-21: payment disputed.",
        ),
        (Status.SUSPENDED, None, "On hold."),
        (Status.REVOKED, Decided(NOW - DAY, "refunded"), "Revoked since 2026-11-21: refunded."),
    ],
)
def test_a_hold_is_told_with_its_day_and_reason(status: Status, decided: Decided, said: str):
    [sentence] = said_of(make_license(status=status), decided=decided)
    assert sentence.endswith(said)


# The license was issued on 2026-11-12, now is 2026-11-22.
@pytest.mark.parametrize(
    ("terms", "values", "own", "said"),
    [
        (Terms(term_days=365), {}, (), "Ends 2027-11-12: 365 days from its issue."),
        (
            Terms(term_days=30, term_from=TermFrom.ACTIVATION),
            {},
            (),
            "Lasts 30 days from its first activation, which is still to come.",
        ),
        (
            Terms(term_days=1, term_from=TermFrom.ACTIVATION, grace_days=1),
            {"started_at": NOW},
            (),
            (
                "Ends 2026-11-23: 1 day from its first activation. "
                "Works until 2026-11-24 (1 day of grace)."
            ),
        ),
        (
            Terms(term_days=365, grace_days=14),
            {"expires_at": NOW - DAY},
            ("expires",),
            "Ended 2026-11-21: set for this license. Works until 2026-12-05 (14 days of grace).",
        ),
        (
            Terms(term_days=5, grace_days=5),
            {},
            (),
            "Ended 2026-11-17: 5 days from its issue. Refused since 2026-11-22 (5 days of grace).",
        ),
        (
            Terms(term_days=5),
            {},
            (),
            "Ended 2026-11-17: 5 days from its issue. Refused since 2026-11-17.",
        ),
    ],
)
def test_an_end_is_told_with_what_set_it(
    terms: Terms, values: dict[str, object], own: tuple[str, ...], said: str
):
    license_ = make_license(terms, **values)
    assert said_of(license_, own=own) == [said]
    assert ("Refused" in said) is (refuse_standing(license_, NOW) is not None)


@pytest.mark.parametrize(
    ("seats", "overage", "used", "said"),
    [
        (None, Overage.NONE, 2, "2 computers in use; seats are unlimited."),
        (3, Overage.NONE, 2, "2 of 3 seats in use."),
        (3, Overage.NONE, 3, "3 of 3 seats in use; a new computer gets SEAT_LIMIT_REACHED."),
        (1, Overage.NONE, 3, "3 of 1 seats in use; a new computer gets SEAT_LIMIT_REACHED."),
        (4, Overage.QUARTER_MORE, 3, "3 of 4 seats in use; up to 5 may be, with overage (1.25)."),
        (
            4,
            Overage.QUARTER_MORE,
            4,
            "4 of 4 seats in use; one more would be overage (1.25: up to 5).",
        ),
        (
            4,
            Overage.QUARTER_MORE,
            5,
            (
                "5 of 4 seats in use; a new computer gets SEAT_LIMIT_REACHED "
                "(overage 1.25 counted in)."
            ),
        ),
        (3, Overage.QUARTER_MORE, 1, "1 of 3 seats in use (overage 1.25 counted in)."),
        (
            2,
            Overage.UNLIMITED,
            9,
            "9 of 2 seats in use; one more would be overage (unlimited: any number).",
        ),
    ],
)
def test_seats_are_told_with_what_a_new_computer_would_meet(
    seats: int | None, overage: Overage, used: int, said: str
):
    license_ = make_license(Terms(seats=seats, overage=overage), seats_used=used)
    assert said_of(license_) == [said]
    assert ("SEAT_LIMIT_REACHED" in said) is not license_.has_free_seat()


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (
            Terms(max_version="9"),
            "Versions up to 9 are covered; higher ones get VERSION_NOT_COVERED.",
        ),
        (
            Terms(maintenance_days=365),
            (
                "Covers versions released until 2027-11-12 (365 days from its issue); "
                "later ones get VERSION_NOT_COVERED."
            ),
        ),
        (
            Terms(edition="home"),
            "Covers the edition home; another one gets EDITION_NOT_COVERED.",
        ),
        (Terms(features=("sync", "cloud")), "Features in the certificate: sync, cloud."),
        (
            Terms(check_in_days=1, certificate_days=1),
            "Apps check in every 12 hours and work 1 day without the server.",
        ),
        (
            Terms(certificate_days=None),
            "Apps check in every 7 days and work without the server for ever.",
        ),
        (
            Terms(transfers=2),
            "Apps may give a seat back 2 times in 365 days: 1 used.",
        ),
        (
            Terms(transfers=1, transfer_days=30),
            (
                "Apps may give a seat back once in 30 days: 1 used; "
                "the next gets TRANSFER_LIMIT_REACHED."
            ),
        ),
        (Terms(transfers=0), "Apps may not give a seat back; support may."),
        (
            Terms(clone=OnClone.REFUSE),
            "Of two copies of an installation, the stale one gets CLONE_DETECTED.",
        ),
    ],
)
def test_other_terms_are_told(terms: Terms, said: str):
    assert said_of(make_license(terms), given_back=1) == [said]


def test_an_own_end_of_the_maintenance_is_told():
    license_ = make_license(maintenance_until=NOW)
    [said] = said_of(license_, own=["maintenance_until"])
    assert said.startswith("Covers versions released until 2026-11-22 (set for this license);")


def test_without_the_server_until_the_end():
    [_, said] = said_of(make_license(Terms(term_days=99, certificate_days=None)))
    assert said == "Apps check in every 7 days and work without the server until the license ends."


OTHER_VALUES = {
    "seats": 2,
    "term_days": 30,
    "grace_days": 3,
    "maintenance_days": 30,
    "max_version": "9",
    "edition": "home",
    "features": ("sync",),
    "check_in_days": 2,
    "certificate_days": 5,
    "overage": Overage.TWICE,
    "transfers": 1,
    "transfer_days": 7,
    "clone": OnClone.REFUSE,
    "clone_certificate_hours": 1,
    "term_from": TermFrom.ACTIVATION,
    "floating_minutes": 30,
    "virtual": Virtual.REFUSE,
    "virtual_seats": 1,
    "one_license_per_computer": True,
    "trial_days": 14,
    "trial_again_months": 6,
}


@pytest.mark.parametrize("name", [field.name for field in fields(Terms)])
def test_every_term_is_part_of_the_explanation(name: str):
    """Where a term says something by itself, it is told; the others, with the term they go with."""
    trial = 7 if name == "trial_again_months" else None
    with_others = Terms(term_days=9, transfers=2, trial_days=trial)
    changed = with_others.overridden({name: OTHER_VALUES[name]})
    assert said_of(make_license(changed)) != said_of(make_license(with_others))
