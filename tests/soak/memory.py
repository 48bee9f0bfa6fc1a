"""The memory of a server process over very many check-ins: it must not grow with them.

    python -m tests.soak.memory --requests 10000000

It ends with 1 where it grew to more than 1.1 times what it was after 10,000.
"""

import argparse
import sys
from pathlib import Path

from tests.load.bench import data_folder
from tests.load.data_set import data_set
from tests.load.sizes import watched
from tests.load.stage import stage

COMPUTERS = 10_000
MOST = 1.1
CONNECTIONS = 8  # as few as a server always has places for


def main() -> None:
    """Serve check-ins, and print a line for each look at the memory."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.memory")
    parser.add_argument("--requests", type=int, default=10_000_000)
    parser.add_argument("--data", type=Path, help="folder that keeps data sets for the next time")
    chosen = parser.parse_args()
    first = size = 0
    with data_folder(chosen.data) as folder, stage(data_set(folder, COMPUTERS)) as on:
        for answered, size in watched(on, CONNECTIONS, chosen.requests):
            first = first or size
            line = f"{answered:>12,} requests {size / 1e6:8.1f} MB {size / first:6.3f} times\n"
            sys.stdout.write(line)
            sys.stdout.flush()
    sys.exit(size > MOST * first)


if __name__ == "__main__":
    main()
