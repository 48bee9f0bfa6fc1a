from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from activation_server.rules.signing_keys import (
    FOREVER,
    KeyLife,
    Retirement,
    Standing,
    cover,
    prepared,
    published,
    signing,
    standing,
)

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
DAY = timedelta(days=1)
OLD = KeyLife(1, "old", None, NOW, signs_since=NOW, covers_until=NOW)
NEW = KeyLife(2, "new", None, NOW, signs_since=NOW)
NEXT = KeyLife(3, "next", None, NOW)
OWN = KeyLife(4, "own", "backup-pro", NOW, signs_since=NOW)
KEYS = (OLD, NEW, NEXT, OWN)


def test_each_scope_has_one_key_that_signs_and_one_that_waits():
    assert (signing(KEYS, None), prepared(KEYS, None)) == (NEW, NEXT)
    assert (signing(KEYS, "backup-pro"), prepared(KEYS, "backup-pro")) == (OWN, None)
    assert signing(KEYS, "photo-pro") is None


def test_a_retired_key_gives_way_to_the_one_before():
    retired = replace(NEW, retired_at=NOW, retirement=Retirement.COMPROMISED)
    assert signing((OLD, retired), None) == OLD


@pytest.mark.parametrize(
    ("key", "then", "expected"),
    [
        (OLD, NOW, Standing.OVERLAPPING),
        (OLD, NOW + timedelta(seconds=1), Standing.OVER),
        (NEW, NOW + 1000 * DAY, Standing.SIGNING),
        (NEXT, NOW, Standing.PREPARED),
        (OWN, NOW, Standing.SIGNING),
    ],
)
def test_what_a_key_does(key: KeyLife, then: datetime, expected: Standing):
    assert standing(key, KEYS, then) is expected


def test_a_key_that_signed_nothing_is_over_with_the_rotation():
    unused = replace(OLD, covers_until=None)
    assert standing(unused, (unused, NEW), NOW) is Standing.OVER


def test_a_key_of_endless_certificates_stays():
    endless = replace(OLD, covers_until=FOREVER)
    assert standing(endless, (endless, NEW), NOW + 100_000 * DAY) is Standing.OVERLAPPING


@pytest.mark.parametrize("retirement", Retirement)
def test_a_retired_key_is_not_published(retirement: Retirement):
    retired = replace(OLD, covers_until=FOREVER, retired_at=NOW, retirement=retirement)
    assert published((retired, NEW, NEXT), NOW) == [NEW, NEXT]


@pytest.mark.parametrize(
    ("covered", "expires", "moved"),
    [
        (None, NOW, NOW + DAY),
        (NOW, NOW, None),
        (NOW - timedelta(seconds=1), NOW, NOW + DAY),
        (NOW, None, FOREVER),
        (FOREVER, None, None),
        (FOREVER, NOW, None),
    ],
)
def test_a_cover_moves_ahead_only_when_it_must(
    covered: datetime | None, expires: datetime | None, moved: datetime | None
):
    assert cover(covered, expires) == moved
