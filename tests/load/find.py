"""How long `license find` takes among very many licenses, and whether it finds what is there.

Measured in a running process, through the service, so without the start of a command.
"""

import asyncio
import os
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from statistics import median, quantiles
from typing import Final

from activation_server.cli import serving
from activation_server.formats import license_key
from activation_server.rules.folding import BEGINNING, is_found, is_unspaced, words
from activation_server.rules.person import Search, split_email
from activation_server.services import finding
from tests.load import people
from tests.load.data_set import read_once
from tests.load.people import PeopleSet
from tests.load.report import Measured, Setup

QUERIES = 300  # in a round
LETTERS = 6  # of a name at most
COMPARED = 60  # searches of each kind that are compared with a plain one
# Which licenses, by number; how many with those of a key's end; and whether it is all.
Results = Mapping[str, tuple[set[int], int, bool]]


def by_email(setup: Setup) -> Measured:
    """Search for whole addresses."""
    return _measured(setup, _emails)


def by_name_prefix(setup: Setup) -> Measured:
    """Search for the first three to six letters of names, drawn by how often they occur."""
    return _measured(setup, _beginnings)


def by_name(setup: Setup) -> Measured:
    """Search for whole names."""
    return _measured(setup, _names)


def by_order(setup: Setup) -> Measured:
    """Search for order references."""
    return _measured(setup, _orders)


def _emails(made: PeopleSet, count: int) -> Sequence[str]:
    return [str(people.person(one).email) for one in _drawn(made, 1, count)]


def _beginnings(made: PeopleSet, count: int) -> Sequence[str]:
    chance, wanted = random.Random(2), []
    for one in _drawn(made, 2, 2 * count):
        word = chance.choice(words(people.person(one).name or ""))
        if len(word) >= BEGINNING and not is_unspaced(word):
            wanted.append(word[: chance.randint(BEGINNING, LETTERS)])
    return wanted[:count]


def _names(made: PeopleSet, count: int) -> Sequence[str]:
    return [str(people.person(one).name) for one in _drawn(made, 3, count)]


def _orders(made: PeopleSet, count: int) -> Sequence[str]:
    return [people.order_reference(one) for one in _drawn(made, 4, count)]


Kind = Callable[[PeopleSet, int], Sequence[str]]  # so many searches, the same ones always
_KINDS: Final[Sequence[Kind]] = (_emails, _beginnings, _names, _orders)


def _drawn(made: PeopleSet, seed: int, count: int) -> Sequence[int]:
    """Draw licenses by their numbers; each is the first of its chunk, which is soon made."""
    chance = random.Random(seed)
    return [chance.randrange(0, made.people, people.CHUNK) for _ in range(count)]


def _measured(setup: Setup, kind: Kind) -> Measured:
    made = people.people_set(setup.folder, setup.people)
    wanted, read = kind(made, setup.rounds * QUERIES), read_once(made.folder)
    with asyncio.Runner(loop_factory=serving.loop_factory()) as runner:
        seconds, results = runner.run(_searched(made, wanted))
    rounds = [_p99(seconds[at : at + QUERIES]) for at in range(0, len(seconds), QUERIES)]
    p99 = median(rounds)
    compared = _compared(wanted)
    expected = _all_plain(made)
    differing = sum(_differs(*results[each], expected[each]) for each in compared)
    told = ", ".join(f"{one:.1f}" for one in rounds)
    figures = [
        f"{made.people:,} people, made in {made.seconds:.0f} s; {read}",
        f"{len(wanted):,} searches, half within {median(seconds) * 1e3:.1f} ms",
        f"99 % within {p99:.1f} ms (rounds of {QUERIES}: {told})",
        f"{len(compared)} compared with a plain search of all: {differing} differ",
    ]
    return Measured(None if differing else p99, figures)


def _p99(seconds: Sequence[float]) -> float:
    """Give the milliseconds within which 99 % are."""
    return quantiles(seconds, n=100)[98] * 1e3


def _compared(wanted: Iterable[str]) -> Sequence[str]:
    """Give the searches that are compared with a plain one."""
    return list(dict.fromkeys(wanted))[:COMPARED]


async def _searched(made: PeopleSet, wanted: Sequence[str]) -> tuple[list[float], Results]:
    """Search; give how long each took, and what each found."""
    seconds, results = [], dict[str, tuple[set[int], int, bool]]()
    async with people.opened(made) as context:
        await finding.find(context, "warm up")
        serving.spare_the_collector()  # as a server does
        for each in wanted:
            begun = time.perf_counter()
            found = await finding.find(context, each)
            seconds.append(time.perf_counter() - begun)
            numbers = {
                int(str(one.order_reference)[3:])
                for one in found.licenses
                if one.key_tail != license_key.tail(each)  # found by its key's end, by chance
            }
            results[each] = numbers, len(found.licenses), found.complete
    return seconds, results


def _differs(found: set[int], shown: int, complete: bool, expected: set[int]) -> bool:
    """Compare with a plain search: all that match, or as many as are shown where there are more."""
    if complete:
        return found != expected
    return not found < expected or shown < finding.OF_PEOPLE


@cache
def _all_plain(made: PeopleSet) -> Mapping[str, set[int]]:
    """Search all people by the plain rule, once for the searches of every kind."""
    wanted = [each for kind in _KINDS for each in _compared(kind(made, QUERIES))]
    expected: dict[str, set[int]] = {each: set() for each in wanted}
    starts = range(0, made.people, people.CHUNK)
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        for some in pool.map(partial(_plain, wanted), starts):
            for each, numbers in some.items():
                expected[each] |= numbers
    return expected


def _plain(wanted: Sequence[str], first: int) -> dict[str, set[int]]:
    """Search some people by the plain rule alone, word by word."""
    searches = {each: Search.parse(each) for each in wanted}
    asked = frozenset(word for search in searches.values() for word in search.words)
    by_word, by_address = defaultdict[str, set[int]](set), dict[tuple[str, str], int]()
    for number, person in enumerate(people.chunk(first), first):
        by_address[split_email(person.email or "")] = number
        for word in words(person.name or "") + words(person.company or ""):
            for one in _found_by(word, asked):
                by_word[one].add(number)
    by_order = {people.order_reference(first + one): first + one for one in range(people.CHUNK)}
    return {
        each: {by_order[each]} if each in by_order else _with_all(search, by_word, by_address)
        for each, search in searches.items()
    }


@cache
def _found_by(word: str, asked: frozenset[str]) -> Sequence[str]:
    """Give those words of searches that find a word."""
    return [wanted for wanted in asked if is_found(wanted, [word])]


def _with_all(
    search: Search, by_word: Mapping[str, set[int]], by_address: Mapping[tuple[str, str], int]
) -> set[int]:
    """Give who has every word and every address of a search."""
    of_addresses = [{by_address[each]} for each in search.emails if each in by_address]
    if len(of_addresses) < len(search.emails):
        return set()
    return set.intersection(*(by_word.get(each, set()) for each in search.words), *of_addresses)
