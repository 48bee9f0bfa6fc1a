"""How long `license find` takes among very many licenses, and whether it finds what is there.

Measured in a running process, through the service, so without the start of a command.
"""

import asyncio
import os
import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median, quantiles

from activation_server.cli.serving import spare_the_collector
from activation_server.rules.folding import BEGINNING, is_found, is_unspaced, words
from activation_server.rules.person import Search, split_email
from activation_server.services import finding
from tests.load import people
from tests.load.data_set import read_once
from tests.load.people import PeopleSet
from tests.load.report import Measured, Setup

QUERIES = 300
LETTERS = 6  # of a name at most
COMPARED = 60  # searches of each kind that are compared with a plain one
Results = Mapping[str, tuple[set[int], bool]]  # which licenses, by number, and whether it is all


def by_email(setup: Setup) -> Measured:
    """Search for whole addresses."""
    made = _people(setup)
    return _measured(made, [str(people.person(one).email) for one in _drawn(made, 1)])


def by_name_prefix(setup: Setup) -> Measured:
    """Search for the first three to six letters of names, drawn by how often they occur."""
    made, chance, wanted = _people(setup), random.Random(2), []
    for one in _drawn(made, 2, 2 * QUERIES):
        word = chance.choice(words(people.person(one).name or ""))
        if len(word) >= BEGINNING and not is_unspaced(word):
            wanted.append(word[: chance.randint(BEGINNING, LETTERS)])
    return _measured(made, wanted[:QUERIES])


def by_name(setup: Setup) -> Measured:
    """Search for whole names."""
    made = _people(setup)
    return _measured(made, [str(people.person(one).name) for one in _drawn(made, 3)])


def by_order(setup: Setup) -> Measured:
    """Search for order references."""
    made = _people(setup)
    return _measured(made, [people.order_reference(one) for one in _drawn(made, 4)])


def _people(setup: Setup) -> PeopleSet:
    return people.people_set(setup.folder, setup.people)


def _drawn(made: PeopleSet, seed: int, count: int = QUERIES) -> Sequence[int]:
    """Draw licenses by their numbers; each is the first of its chunk, which is soon made."""
    chance = random.Random(seed)
    return [chance.randrange(0, made.people, people.CHUNK) for _ in range(count)]


def _measured(made: PeopleSet, wanted: Sequence[str]) -> Measured:
    read = read_once(made.folder)
    seconds, results = asyncio.run(_searched(made, wanted))
    p99 = quantiles(seconds, n=100)[98] * 1e3
    compared = dict(list(results.items())[:COMPARED])
    differing = _differing(made, compared)
    figures = [
        f"{made.people:,} people, made in {made.seconds:.0f} s; {read}",
        f"{len(wanted)} searches: median {median(seconds) * 1e3:.1f} ms, 99th {p99:.1f} ms",
        f"{len(compared)} compared with a plain search of all: {differing} differ",
    ]
    return Measured(None if differing else p99, figures)


async def _searched(made: PeopleSet, wanted: Sequence[str]) -> tuple[list[float], Results]:
    """Search; give how long each took, and what each found."""
    seconds, results = [], dict[str, tuple[set[int], bool]]()
    async with people.opened(made) as context:
        await finding.find(context, "warm up")
        spare_the_collector()  # as a server does
        for each in wanted:
            begun = time.perf_counter()
            found = await finding.find(context, each)
            seconds.append(time.perf_counter() - begun)
            numbers = {int(str(one.order_reference)[3:]) for one in found.licenses}
            results[each] = numbers, found.complete
    return seconds, results


def _differing(made: PeopleSet, results: Results) -> int:
    """Compare with a plain search: all that match, or a hundred of them where there are more."""
    starts = range(0, made.people, people.CHUNK)
    expected: dict[str, set[int]] = {wanted: set() for wanted in results}
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        jobs = [pool.submit(_plain, list(results), start) for start in starts]
        for job in jobs:
            for wanted, numbers in job.result().items():
                expected[wanted] |= numbers
    return sum(
        numbers != expected[wanted]
        if complete
        else not numbers < expected[wanted] or len(numbers) < finding.OF_PEOPLE
        for wanted, (numbers, complete) in results.items()
    )


def _plain(wanted: Sequence[str], first: int) -> dict[str, set[int]]:
    """Search some people by the plain rule alone, word by word."""
    by_word, by_address = defaultdict[str, set[int]](set), dict[tuple[str, str], int]()
    for number, person in enumerate(people.chunk(first), first):
        by_address[split_email(person.email or "")] = number
        for word in words(person.name or "") + words(person.company or ""):
            by_word[word].add(number)
    numbers = range(first, first + people.CHUNK)
    return {
        each: {number for number in numbers if each == people.order_reference(number)}
        | _with_all(Search.parse(each), by_word, by_address)
        for each in wanted
    }


def _with_all(
    search: Search, by_word: Mapping[str, set[int]], by_address: Mapping[tuple[str, str], int]
) -> set[int]:
    """Give who has every word and every address of a search."""
    of_words = [
        {number for word, some in by_word.items() if is_found(wanted, [word]) for number in some}
        for wanted in search.words
    ]
    of_addresses = [{by_address[each]} for each in search.emails if each in by_address]
    if len(of_addresses) < len(search.emails):
        return set()
    return set.intersection(*of_words, *of_addresses)
