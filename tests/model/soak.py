"""Plays against the plain model on a real PostgreSQL, until so many steps were done.

Run by `make soak-model STEPS=100000`; prints what it did, and stops at the first difference with
the steps that led to it. The same seed plays the same; `--shrink` looks for the fewest steps, for
some minutes.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from hypothesis import Phase, seed
from hypothesis.stateful import run_state_machine_as_test
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from activation_server.embedded_postgres import EmbeddedPostgres
from tests.conftest import _make_template
from tests.model.length import settings_of
from tests.model.play import Tally
from tests.model.server import running
from tests.model.support import SupportPlay

PLAYS_AT_ONCE = 50  # with one seed
TEMPLATE = "template_migrated"


def play(steps: int, first_seed: int, *, shrink: bool) -> None:
    """Play with one seed after the other, until so many steps were done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn()) as progress:
        task = progress.add_task("Playing against the model", total=steps)
        tally = Tally(on_step=lambda: progress.advance(task))
        SupportPlay.tally, number = tally, first_seed
        started = time.monotonic()
        while tally.steps < steps:
            progress.update(task, description=f"Playing with seed {number}")
            try:
                phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
                settings = settings_of(PLAYS_AT_ONCE, phases=phases)
                run_state_machine_as_test(seed(number)(SupportPlay), settings=settings)
            except BaseException:
                progress.stop()
                sys.stderr.write(f"Seed {number}, from step {tally.steps}\n")
                raise
            number += 1
    _print_figures(tally, time.monotonic() - started)


def _print_figures(tally: Tally, seconds: float) -> None:
    rate = tally.steps / seconds
    sys.stdout.write(f"{tally.steps} steps in {seconds:.0f} s ({rate:.0f}/s): no difference\n")
    _print_counts("steps", tally.rules)
    _print_counts("calls", tally.calls)
    _print_counts("answers", tally.outcomes)
    _print_counts("notices", tally.notices)


def _print_counts(what: str, counts: Counter[str]) -> None:
    rows = (f"  {name}: {count}" for name, count in counts.most_common())
    sys.stdout.write("\n".join([f"{what}, {counts.total()}:", *rows]) + "\n")


def main() -> None:
    """Run on an embedded PostgreSQL of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1, help="where to begin")
    parser.add_argument("--shrink", action="store_true", help="look for the fewest steps")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="activation-") as directory,
        EmbeddedPostgres(Path(directory)) as postgres,
    ):
        asyncio.run(_make_template(postgres))
        with running(postgres.url(TEMPLATE)) as server:
            SupportPlay.server = server
            play(arguments.steps, arguments.seed, shrink=arguments.shrink)


if __name__ == "__main__":
    main()
