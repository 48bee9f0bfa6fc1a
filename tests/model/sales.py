"""What a vendor may sell: terms, drawn so that each of their ends and limits is met soon."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from activation_server.rules.license import App, OnClone, Overage, TermFrom
from tests.conftest import START

VALUES: dict[str, list[Any]] = {
    "seats": [1, 2, 3, None],
    "overage": list(Overage),
    "term_days": [None, 30, 365],
    "term_from": list(TermFrom),
    "grace_days": [0, 14],
    "maintenance_days": [None, 40, 365],
    "max_version": [None, "9", "9.5"],
    "edition": [None, "professional", "home"],
    "features": [(), ("export", "sync")],
    "check_in_days": [1, 7, 60],
    "certificate_days": [1, 30, None],
    "transfers": [None, 0, 1, 2],
    "transfer_days": [10, 365],
    "floating_minutes": [None, 10, 60],
    "clone": [OnClone.REFUSE, OnClone.FLAG, OnClone.REFUSE],
    "clone_certificate_hours": [24, 72],
}


PAIRS = [(name, value) for name, values in VALUES.items() for value in values]


def terms() -> st.SearchStrategy[dict[str, Any]]:
    """Some terms, in place of a policy's."""
    return st.lists(st.sampled_from(PAIRS), max_size=8).map(dict)


def one_term() -> st.SearchStrategy[dict[str, Any]]:
    """One term and its new value. Whether seats float stays: leases would count by old terms."""
    changing = [pair for pair in PAIRS if pair[0] != "floating_minutes"]
    return st.sampled_from(changing).map(lambda pair: dict([pair]))


def trials() -> st.SearchStrategy[dict[str, Any]]:
    """The terms of a product's trials, or of no trial at all."""
    some = st.sampled_from(PAIRS).map(lambda pair: dict([pair]))
    days = st.sampled_from([{"trial_days": 3}, {"trial_days": 14}, {}])
    months = st.sampled_from([{}, {"trial_again_months": 1}])
    return st.tuples(some, days, months).map(lambda drawn: drawn[0] | drawn[1] | drawn[2])


def apps() -> st.SearchStrategy[App]:
    """Versions of the app; most are covered by most licenses."""
    return st.sampled_from(
        [
            App("9.2"),
            App("9.2", "Professional", START.date()),
            App("9.5.1", "professional", START.date() + timedelta(days=40)),
            App("9.6", None, START.date() + timedelta(days=50)),
            App("10.0", "professional", START.date() + timedelta(days=400)),
            App("9.2", "home", date(2020, 1, 1)),
        ]
    )


def ends() -> st.SearchStrategy[Any]:
    """An end of its own that a license is sold with, or none."""
    return st.sampled_from([None, None, *(START + timedelta(days=days) for days in (3, 40, 400))])
