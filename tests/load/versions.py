"""Compares the processor time of a check-in in two checkouts, each installed.

On a machine whose pace changes by the minute two runs tell little; two slices of 400 check-ins, one
right after the other, tell much: the same code against itself was 1.01 where single slices differed
by half. So both serve at once, and slices of the two go in turn. Example:

    python -m tests.load.versions ../before .

Each has a small data set of its own, which is made first and goes at the end.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles

from rich.console import Console
from rich.progress import track

from tests.load.data_set import fresh_folder

_SLICES = Path(__file__).with_name("slices.py")  # of this checkout, for both
_WARMING = 3  # slices that are not counted
_console = Console(stderr=True, soft_wrap=True)


class Version:
    """A server of a checkout that waits to be asked for slices."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._asked, self._told = process.stdin, process.stdout
        while self._line() != "ready\n":
            pass  # it tells how far its data set is

    def slice(self) -> float:
        """Give the microseconds of one check-in of the next slice."""
        self._asked.write("next\n")
        self._asked.flush()
        return float(self._line())

    def _line(self) -> str:
        line = self._told.readline()
        if not line:
            sys.exit("A server has ended; what it said stands above.")
        return line


@contextmanager
def version(checkout: Path, arguments: Sequence[str]) -> Iterator[Version]:
    """Start the server of a checkout, by its own environment."""
    command = [str(checkout / ".venv" / "bin" / "python"), str(_SLICES), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=checkout, env=environment, stdin=pipe, stdout=pipe, text=True
    ) as process:
        yield Version(process)  # afterwards nothing more is asked, and it ends


def told(before: Sequence[float], after: Sequence[float]) -> str:
    """Say what two versions took, slice by slice, in microseconds."""
    ratios = [new / old for old, new in zip(before, after, strict=True)]
    low, middle, high = quantiles(ratios, n=4)
    return (
        f"{middle:.3f} of the processor time of a check-in (quartiles {low:.3f} and {high:.3f} of "
        f"{len(ratios)} pairs): {median(after):.0f} instead of {median(before):.0f} microseconds"
    )


def main() -> None:
    """Compare two checkouts."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.versions")
    parser.add_argument("before", type=Path, help="a checkout")
    parser.add_argument("after", type=Path, help="another one")
    parser.add_argument("--pairs", type=int, default=60, help="of slices (60)")
    parser.add_argument("--connections", type=int, default=64, help="that send at once (64)")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        both = []
        for checkout in (chosen.before, chosen.after):
            folder = str(stack.enter_context(fresh_folder()))
            arguments = [folder, str(chosen.pairs + _WARMING), str(chosen.connections)]
            both.append(stack.enter_context(version(checkout.resolve(), arguments)))
        took: tuple[list[float], list[float]] = ([], [])
        for number in track(range(chosen.pairs + _WARMING), "slices", console=_console):
            for which in (0, 1) if number % 2 else (1, 0):
                took[which].append(both[which].slice())
    sys.stdout.write(told(took[0][_WARMING:], took[1][_WARMING:]) + "\n")


if __name__ == "__main__":
    main()
