"""The memory of a server process over very many check-ins: it must not grow with them.

    python -m tests.soak.memory --requests 10000000

It ends with 1 where it grew to more than 1.1 times what it was after 10,000.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.load.bench import data_folder
from tests.load.data_set import data_set
from tests.load.rates import Side
from tests.load.stage import Stage, stage
from tests.load.wrk import Load

COMPUTERS = 10_000
SETTLED = 10_000  # requests after which a worker has all that it keeps
MOST = 1.1
LOAD = Load(connections=8, seconds=5)  # as few as a server always has places for


def watch(on: Stage, requests: int) -> Iterator[tuple[int, int]]:
    """Serve so many check-ins; give how many there were, and the bytes that the server has then.

    The first after `SETTLED`, each further one after twice as many as the one before.
    """
    with on.server() as server:
        process, side = psutil.Process(server.pid), Side(server, on.check_ins, LOAD)
        answered, step = 0, SETTLED
        while answered < requests:
            side.run()
            on.discard_requests()
            answered += side.runs[-1].requests
            if answered >= min(step, requests):
                yield answered, process.memory_info().rss
                step = 2 * answered


def main() -> None:
    """Serve check-ins, and print a line for each look at the memory."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.memory")
    parser.add_argument("--requests", type=int, default=10_000_000)
    parser.add_argument("--data", type=Path, help="folder that keeps data sets for the next time")
    chosen = parser.parse_args()
    first = size = 0
    with data_folder(chosen.data) as folder, stage(data_set(folder, COMPUTERS)) as on:
        for answered, size in watch(on, chosen.requests):
            first = first or size
            line = f"{answered:>12,} requests {size / 1e6:8.1f} MB {size / first:6.3f} times\n"
            sys.stdout.write(line)
            sys.stdout.flush()
    sys.exit(size > MOST * first)


if __name__ == "__main__":
    main()
