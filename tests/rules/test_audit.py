"""The chain of entries, and what each kind of tampering looks like: without a database."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from activation_server.rules.audit import (
    START,
    Action,
    Break,
    Chained,
    Entry,
    Fault,
    Link,
    Walk,
    chained,
    digest,
    moment,
)

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
CONTENT = Entry(0, NOW, "ana", Action.SHOWN, UUID(int=7), "x", {"found": 1}, b"sealed")
LENGTH = 9


def chain(length: int = LENGTH, after: Link = START, who: str = "ana") -> list[Chained]:
    made: list[Chained] = []
    for seq in range(after.seq + 1, after.seq + 1 + length):
        head = made[-1].link() if made else after
        entry = replace(CONTENT, seq=seq, at=NOW + timedelta(minutes=seq), who=who)
        made.append(chained(head, entry))
    return made


def walk(
    found: list[Chained],
    head: Link | None,
    marks: Mapping[int, Collection[bytes | None]] | None = None,
    start: Link = START,
) -> Break | None:
    going = Walk(start, marks or {})
    steps = (going.take(each) for each in found)
    return going.begin() or next((each for each in steps if each), None) or going.finish(head)


WHOLE = chain()
HEAD = WHOLE[-1].link()


def changed(index: int, **values: object) -> list[Chained]:
    """The chain with an entry's fields written over."""
    found = list(WHOLE)
    found[index] = replace(found[index], entry=replace(found[index].entry, **values))  # type: ignore[arg-type] # any field
    return found


def test_a_chain_holds():
    assert walk(WHOLE, HEAD) is None
    assert walk([], START) is None
    marks = {each.entry.seq: [each.digest] for each in WHOLE}
    assert walk(WHOLE, HEAD, marks) is None


def test_the_rest_of_a_chain_holds_after_where_it_begins():
    start = WHOLE[3].link()
    assert walk(WHOLE[4:], HEAD, {4: [WHOLE[3].digest]}, start) is None
    assert walk([], HEAD, {}, HEAD) is None
    broken = walk(WHOLE[5:], HEAD, {}, start)
    assert broken == Break(5, WHOLE[5].entry.at, Fault.MISSING)
    assert walk(WHOLE[4:], HEAD, {4: [b"other"]}, start) == Break(4, start.at, Fault.CHECKPOINT)


@pytest.mark.parametrize(
    "values",
    [
        {"who": "eve"},
        {"action": "looked_up"},
        {"license_id": None},
        {"license_id": UUID(int=8)},
        {"subject": None},
        {"subject": "y"},
        {"details": {}},
        {"details": {"found": 2}},
        {"why_sealed": None},
        {"why_sealed": b"other"},
        {"at": NOW + timedelta(minutes=5, microseconds=1)},
    ],
)
def test_a_changed_field_is_found_at_its_entry(values: dict[str, object]):
    broken = walk(changed(4, **values), HEAD)
    assert broken is not None
    assert (broken.seq, broken.what) == (5, Fault.CHANGED)


def swapped(found: list[Chained]) -> list[Chained]:
    """Two entries take each other's number: read by number, each stands in the other's place."""
    first, second = found[3], found[4]
    return [
        *found[:3],
        replace(second, entry=replace(second.entry, seq=4)),
        replace(first, entry=replace(first.entry, seq=5)),
        *found[5:],
    ]


def renumbered(found: list[Chained]) -> list[Chained]:
    """An entry is taken out, and the others close ranks."""
    moved = [replace(each, entry=replace(each.entry, seq=each.entry.seq - 1)) for each in found[4:]]
    return [*found[:3], *moved]


def inserted(found: list[Chained]) -> list[Chained]:
    """An entry is put in beside another of its number, well chained to the one before."""
    return [*found[:4], chained(found[2].link(), replace(found[3].entry, who="eve")), *found[4:]]


def inserted_first(found: list[Chained]) -> list[Chained]:
    return [*found[:3], *inserted(found)[4:2:-1], *found[4:]]


def rewritten(found: list[Chained]) -> list[Chained]:
    """The entries from the sixth on are written anew, and the head with them."""
    return [*found[:5], *chain(LENGTH - 5, found[4].link(), who="eve")]


def digest_made_to_fit(found: list[Chained]) -> list[Chained]:
    entry = replace(found[3].entry, who="eve")
    return [
        *found[:3],
        Chained(entry, found[3].previous, digest(found[3].previous, entry)),
        *found[4:],
    ]


@pytest.mark.parametrize(
    ("tamper", "seq", "what"),
    [
        (swapped, 4, Fault.ORDER),
        (renumbered, 4, Fault.ORDER),
        (inserted, 4, Fault.ORDER),
        (inserted_first, 4, Fault.ORDER),
        (digest_made_to_fit, 5, Fault.ORDER),
        (lambda found: [*found[:3], *found[4:]], 4, Fault.MISSING),
        (lambda found: found[1:], 1, Fault.MISSING),
        (lambda found: found[:-2], LENGTH - 1, Fault.MISSING),
        (lambda _: [], 1, Fault.MISSING),
        (lambda found: [*found, *chain(1, HEAD)], LENGTH + 1, Fault.HEAD),
        (rewritten, LENGTH, Fault.HEAD),
    ],
)
def test_tampering_is_named(
    tamper: Callable[[list[Chained]], list[Chained]], seq: int, what: Fault
):
    broken = walk(tamper(WHOLE), HEAD)
    assert broken is not None
    assert (broken.seq, broken.what) == (seq, what)


def test_what_is_written_anew_with_its_head_shows_at_the_next_checkpoint_alone():
    found = rewritten(WHOLE)
    assert walk(found, found[-1].link(), {3: [WHOLE[2].digest]}) is None
    for seq in (6, 8, LENGTH):
        broken = walk(found, found[-1].link(), {seq: [WHOLE[seq - 1].digest]})
        assert broken == Break(seq, WHOLE[seq - 1].entry.at, Fault.CHECKPOINT)


def test_a_shortened_log_shows_at_a_checkpoint_that_knows_of_more():
    found = WHOLE[:-2]
    assert walk(found, found[-1].link()) is None
    broken = walk(found, found[-1].link(), {LENGTH: [WHOLE[-1].digest]})
    assert broken == Break(LENGTH, found[-1].entry.at, Fault.CHECKPOINT)


def test_a_checkpoint_that_nobody_signed_does_not_fit():
    broken = walk(WHOLE, HEAD, {5: [WHOLE[4].digest, None]})
    assert broken == Break(5, WHOLE[4].entry.at, Fault.CHECKPOINT)


def test_a_head_that_is_gone_does_not_fit():
    assert walk(WHOLE, None) == Break(LENGTH, HEAD.at, Fault.HEAD)


def test_times_never_run_back():
    assert moment(START, NOW) == NOW
    assert moment(HEAD, NOW) == HEAD.at
    back = chained(HEAD, replace(CONTENT, seq=LENGTH + 1))
    assert walk([*WHOLE, back], back.link()) == Break(LENGTH + 1, NOW, Fault.ORDER)
