from datetime import date

import pytest

from activation_server.rules.releases import normalised, released, standing_for

OLD, NEW, PATCH = date(2025, 3, 1), date(2026, 10, 2), date(2026, 11, 30)
LISTED = {"8": OLD, "9.2": NEW, "9.2.1": PATCH, "10.0.0": PATCH}


@pytest.mark.parametrize(
    ("version", "day"),
    [
        ("9.2", NEW),
        ("9.2.0", NEW),
        ("9.2.7 beta", NEW),
        ("9.2.1", PATCH),  # the longest that is listed counts
        ("9.2.1.5", PATCH),
        ("9.2.10", NEW),  # numbers are compared, not letters
        ("v9.02.01", PATCH),
        ("9", None),  # 9.2 does not stand for what is shorter
        ("9.20", None),
        ("8", OLD),
        ("8.99.1234", OLD),
        ("10.0", None),
        ("beta", None),
    ],
)
def test_a_listed_version_stands_for_all_that_begin_with_its_numbers(
    version: str, day: date | None
):
    assert released(version, LISTED) == day


@pytest.mark.parametrize(
    ("version", "listed_as"), [("v9.02 beta", "9.2"), ("2026-10_3", "2026.10.3"), ("beta", "")]
)
def test_a_version_is_listed_by_its_numbers(version: str, listed_as: str):
    assert normalised(version) == listed_as


def test_every_beginning_is_looked_up_the_longest_first():
    assert standing_for("9.02.1") == ("9.2.1", "9.2", "9")
    assert standing_for("beta") == ()
