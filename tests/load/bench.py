"""`make bench`: measures every row, prints the table, writes docs/benchmarks.md."""

import argparse
import json
import resource
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from activation_server.rules.errors import OperatorError
from tests.load import report, wrk
from tests.load.data_set import NoSpaceError, fresh_folder, require_space
from tests.load.machine import facts
from tests.load.report import Measured, Results, Row, Setup
from tests.load.rows import QUICK, ROWS

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
_console = Console(stderr=True, soft_wrap=True)


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.bench")
    parser.add_argument("--quick", action="store_true", help="two minutes; writes no page")
    parser.add_argument("--rows", default="", help="names of rows, separated by commas")
    parser.add_argument("--data", type=Path, help="folder that keeps data sets for the next time")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--activations", type=int, help="of the big data set (10000000)")
    parser.add_argument("--people", type=int, help="who are searched (as many as activations)")
    parser.add_argument("--due", type=int, help="people whom a retention run disposes of (1000000)")
    parser.add_argument("--soak-requests", type=int, help="for the row `memory` (10000000)")
    parser.add_argument("--seconds", type=int, help="of one run (10)")
    parser.add_argument("--rounds", type=int, help="runs of each side (7)")
    return parser.parse_args(arguments)


def setup_of(chosen: argparse.Namespace, folder: Path) -> Setup:
    """Give what rows are measured with."""
    quick = chosen.quick
    activations = chosen.activations or (60_000 if quick else 10_000_000)
    return Setup(
        folder=folder,
        say=_console.print,
        activations=activations,
        people=chosen.people or activations,
        due=chosen.due or (10_000 if quick else 1_000_000),
        few_activations=10_000,
        seconds=chosen.seconds or (2 if quick else 10),
        rounds=chosen.rounds or (1 if quick else 7),
        connections=64,
        soak_requests=chosen.soak_requests or (20_000 if quick else 10_000_000),
    )


def chosen_rows(names: str, *, quick: bool = False) -> Sequence[Row]:
    """Give the rows of these names; without any, all or the quick ones. Raises SystemExit."""
    known = {row.name: row for row in ROWS}
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    wanted = wanted or list(QUICK if quick else known)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        sys.exit(f"There is no row {', '.join(unknown)}; there are: {', '.join(known)}.")
    return [known[name] for name in wanted]


def measure(rows: Sequence[Row], setup: Setup) -> Results:
    """Measure row by row; one whose run is invalid says so, and the others go on.

    When stopped (Ctrl-C), those that are left are told as not measured.
    """
    results, stopped = [], False
    for row in rows:
        setup.say(f"{row.name} …")
        try:
            measured = Measured(None, ["not measured: stopped"]) if stopped else row.measure(setup)
        except (wrk.InvalidRunError, OperatorError) as error:
            measured = Measured(None, [f"no valid run: {error}"])
        except KeyboardInterrupt:
            measured, stopped = Measured(None, ["not measured: stopped"]), True
        results.append((row, measured))
        for figure in measured.figures:
            setup.say(f"  {figure}")
    return results


@contextmanager
def data_folder(kept: Path | None) -> Iterator[Path]:
    """Give the folder of data sets: one that is kept, or one that goes at the end."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with fresh_folder() as folder:
        yield folder


def main() -> None:
    """Measure, and tell."""
    chosen = options(sys.argv[1:])
    rows = chosen_rows(chosen.rows, quick=chosen.quick)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # thousands of connections
    command = shlex.join(("python", "-m", "tests.load.bench", *sys.argv[1:]))
    with data_folder(chosen.data) as folder:
        setup = setup_of(chosen, folder)
        try:
            wrk.require()
            require_space(folder, setup.activations)
        except (wrk.InvalidRunError, NoSpaceError) as error:
            sys.exit(str(error))
        about = facts(folder, command)
        results = measure(rows, setup)
    if chosen.json:
        sys.stdout.write(json.dumps(report.plain(results, about), indent=2) + "\n")
    else:
        Console().print(report.table(results))
    if not chosen.quick and not chosen.rows:
        PAGE.write_text(report.markdown(results, about), encoding="utf-8")


if __name__ == "__main__":
    main()
