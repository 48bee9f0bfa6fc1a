"""How long `license find` takes among very many licenses, and whether it finds what is there.

Measured in a running process, through the service, so without the start of a command.
"""

import asyncio
import os
import random
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import median, quantiles

from activation_server.rules.folding import is_unspaced, words
from activation_server.rules.person import Search
from activation_server.services import finding
from tests.load import people
from tests.load.people import PeopleSet

QUERIES = 300
COMPARED = 60  # searches of each kind that are compared with a plain one


@dataclass(frozen=True, slots=True)
class Took:
    """How long searches took, in milliseconds, and how many differ from a plain search."""

    median: float
    p99: float
    searches: int
    differing: int
    compared: int

    def sentences(self) -> list[str]:
        """Tell it."""
        return [
            f"{self.searches} searches: median {self.median:.1f} ms, 99th {self.p99:.1f} ms",
            f"{self.compared} compared with a plain search of all: {self.differing} differ",
        ]


def by_email(made: PeopleSet) -> Took:
    """Search for whole addresses."""
    return _measure(made, [str(people.person(one).email) for one in _drawn(made, 1)])


def by_name_prefix(made: PeopleSet) -> Took:
    """Search for the first three to six letters of names, drawn by how often they occur."""
    chance, wanted = random.Random(2), []
    for one in _drawn(made, 2, 2 * QUERIES):
        word = chance.choice(words(people.person(one).name or ""))
        if len(word) >= 3 and not is_unspaced(word):
            wanted.append(word[: chance.randint(3, 6)])
    return _measure(made, wanted[:QUERIES])


def by_name(made: PeopleSet) -> Took:
    """Search for whole names."""
    return _measure(made, [str(people.person(one).name) for one in _drawn(made, 3)])


def by_order(made: PeopleSet) -> Took:
    """Search for order references."""
    return _measure(made, [people.order_reference(one) for one in _drawn(made, 4)])


def _drawn(made: PeopleSet, seed: int, count: int = QUERIES) -> Sequence[int]:
    """Draw licenses by their numbers; each is the first of its chunk, which is soon made."""
    chance = random.Random(seed)
    return [chance.randrange(0, made.people, people.CHUNK) for _ in range(count)]


def _measure(made: PeopleSet, wanted: Sequence[str]) -> Took:
    seconds, found = asyncio.run(_searched(made, wanted))
    compared = dict(list(found.items())[:COMPARED])
    cuts = quantiles(seconds, n=100)
    differing = _differing(made, compared)
    return Took(median(seconds) * 1e3, cuts[98] * 1e3, len(wanted), differing, len(compared))


async def _searched(
    made: PeopleSet, wanted: Sequence[str]
) -> tuple[list[float], dict[str, tuple[set[int], bool]]]:
    """Search; give how long each took, and which licenses, by number, each found."""
    seconds, results = [], {}
    async with people.opened(made) as context:
        await finding.find(context, "warm up")
        for each in wanted:
            begun = time.perf_counter()
            found = await finding.find(context, each)
            seconds.append(time.perf_counter() - begun)
            numbers = {int(str(one.order_reference)[3:]) for one in found.licenses}
            results[each] = numbers, found.complete
    return seconds, results


def _differing(made: PeopleSet, results: dict[str, tuple[set[int], bool]]) -> int:
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
        else not numbers < expected[wanted] or len(numbers) < finding.SHOWN
        for wanted, (numbers, complete) in results.items()
    )


def _plain(wanted: Sequence[str], first: int) -> dict[str, set[int]]:
    """Search some people by the plain rule alone."""
    some = list(people.chunk(first))
    searches = {each: Search.parse(each) for each in wanted}
    return {
        each: {
            number
            for number, person in enumerate(some, first)
            if search.finds(person, ()) or people.order_reference(number) == each
        }
        for each, search in searches.items()
    }
