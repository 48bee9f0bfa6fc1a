from dataclasses import replace

import pytest

from activation_server.rules import personal_data, retention
from activation_server.rules.data_kind import LegalBasis


@pytest.mark.parametrize("fact", ["name", "holds", "categories", "uses", "purpose"])
def test_a_kind_lacks_no_fact(fact: str):
    with pytest.raises(ValueError, match="lacks a fact"):
        replace(personal_data.ORDER, **{fact: type(getattr(personal_data.ORDER, fact))()})


def test_what_is_about_a_person_has_a_legal_basis_and_nothing_else_has():
    assert personal_data.ORDER.is_about_a_person()
    assert not personal_data.CATALOGUE.is_about_a_person()
    with pytest.raises(ValueError, match="legal basis"):
        replace(personal_data.ORDER, legal_basis=None)
    with pytest.raises(ValueError, match="legal basis"):
        replace(personal_data.CATALOGUE, legal_basis=LegalBasis.CONTRACT)


def test_one_kind_may_be_kept_for_other_times():
    kept = personal_data.ORDER.kept(retention.HISTORY)
    assert kept.retention is retention.HISTORY
    assert kept.kept(personal_data.ORDER.retention) == personal_data.ORDER


def test_the_promised_times_are_the_defaults():
    two_years = {
        "contact",
        "comments",
        "license",
        "seat",
        "trial",
        "history",
        "refusals",
        "audit",
        "hold",
        "tokens",
        "staff",
    }
    said = {name: str(each.lifetime) for name, each in retention.CLASSES.items() if each.lifetime}
    assert said == {
        **dict.fromkeys(two_years, "24 months"),
        "network": "30 days",
        "last request": "30 days",
        "answers": "1 day",
        "session": "1 day",
    }
