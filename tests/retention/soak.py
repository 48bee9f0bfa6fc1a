"""Plays years against the plain model, a run each day.

Run by `make soak-retention YEARS=5 SEED=1`; prints what it did, and stops at the first difference.
The same seed plays the same.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from activation_server.embedded_postgres import EmbeddedPostgres
from activation_server.services.context import Context
from tests.conftest import START, Chance, Clock, World, _make_template
from tests.retention.play import DAY, Play, small_batches

TEMPLATE = "template_migrated"


def play(world: World, days: int, seed: int, most: int) -> Play:
    """Play every day; give the play."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    begin = START.replace(hour=0)

    async def work(context: Context) -> Play:
        playing = Play(context, world.clock, random.Random(seed))
        await playing.begin()
        with Progress(*columns, TimeRemainingColumn()) as progress:
            task = progress.add_task("Days", total=days)
            for day in range(days):
                await playing.day(begin + day * DAY, playing.chance.randint(0, 2 * most))
                progress.advance(task)
        await playing.verify_log()
        return playing

    with small_batches():
        return world.run(work)


def main() -> None:
    """Run on an embedded PostgreSQL of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--actions-per-day", type=int, default=2, help="on average")
    arguments = parser.parse_args()
    days = timedelta(days=365.25 * arguments.years).days
    with (
        tempfile.TemporaryDirectory(prefix="activation-") as directory,
        EmbeddedPostgres(Path(directory)) as postgres,
    ):
        asyncio.run(_make_template(postgres))
        ledger = Path(directory) / "erasures.jsonl"
        world = World(postgres.url(TEMPLATE), Clock(), Chance(), ledger=ledger)
        started = time.monotonic()
        done = play(world, days, arguments.seed, arguments.actions_per_day)
    seconds = time.monotonic() - started
    sys.stdout.write(f"Seed {arguments.seed}, {seconds:.0f} s: no difference\n")
    sys.stdout.writelines(f"  {name}: {count}\n" for name, count in sorted(done.counts.items()))


if __name__ == "__main__":
    main()
