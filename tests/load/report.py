"""The rows of the benchmark: what each measures, its target, and how the report shows it.

A row is a small object: one more in `rows.py` runs, prints and is documented like the others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.table import Table


class Direction(StrEnum):
    """On which side of the target a good figure lies."""

    AT_LEAST = "at least"
    AT_MOST = "at most"


class Verdict(StrEnum):
    """How a figure stands to its target."""

    PASS = "pass"
    SHORT = "short"
    TOLD = "told"  # there is no target
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Setup:
    """What a row measures with. `say` tells the reader what goes on."""

    folder: Path  # where data sets are made, and found again
    say: Callable[[str], None]
    activations: int  # of the big data set
    people: int  # who are searched
    due: int  # people whom a retention run disposes of
    few_activations: int  # of the small one
    seconds: int  # one run
    rounds: int  # runs of each side, alternating
    connections: int  # of the load generator
    soak_requests: int  # how many the memory of a worker is watched over


@dataclass(frozen=True, slots=True)
class Measured:
    """What came out: the figure to compare, and absolute ones, as sentences.

    `value` is `None` where it could not be measured; `figures` say why.
    """

    value: float | None
    figures: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report."""

    name: str  # what `make bench ROWS=…` calls it
    what: str
    how: str  # a sentence: how it is measured
    measure: Callable[[Setup], Measured]
    target: float | None = None
    aim: float | None = None
    unit: str = "times"
    direction: Direction = Direction.AT_LEAST

    def verdict(self, measured: Measured) -> Verdict:
        """Compare a figure with the target, as it was measured, not as it is rounded."""
        if measured.value is None:
            return Verdict.NOT_MEASURED
        if self.target is None:
            return Verdict.TOLD
        if self.direction is Direction.AT_LEAST:
            reached = measured.value >= self.target
        else:
            reached = measured.value <= self.target
        return Verdict.PASS if reached else Verdict.SHORT

    def wanted(self, value: float | None) -> str:
        """Write a target or an aim with its direction."""
        return "-" if value is None else f"{self.direction} {number(value)}"


Results = Sequence[tuple[Row, Measured]]


def number(value: float | None) -> str:
    """Write a figure with three digits that count."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _cells(row: Row, measured: Measured) -> tuple[str, ...]:
    unit = "" if measured.value is None else f" {row.unit}"
    figure = f"{number(measured.value)}{unit}"
    return row.what, figure, row.wanted(row.target), row.wanted(row.aim), row.verdict(measured)


_HEADS = ("what", "measured", "target", "aim", "verdict")
_COLOURS = {Verdict.PASS: "green", Verdict.SHORT: "red"}


def table(results: Results) -> Table:
    """Draw the results for a terminal."""
    drawn = Table(*_HEADS)
    for row, measured in results:
        *cells, verdict = _cells(row, measured)
        drawn.add_row(*cells, verdict, style=_COLOURS.get(row.verdict(measured)))
    return drawn


def plain(results: Results, facts: Mapping[str, str]) -> dict[str, Any]:
    """Give the results as JSON."""
    return {
        "facts": dict(facts),
        "rows": [
            {
                "name": row.name,
                "what": row.what,
                "value": measured.value,
                "unit": row.unit,
                "direction": row.direction,
                "target": row.target,
                "aim": row.aim,
                "verdict": row.verdict(measured),
                "figures": list(measured.figures),
            }
            for row, measured in results
        ],
    }


def markdown(results: Results, facts: Mapping[str, str]) -> str:
    """Write the results as a page: the table, the machine, how each was measured."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`; the figures are as they came. Targets are ratios in one run on",
        "one machine, so that they mean the same on any other.",
        "",
        _line(_HEADS),
        _line(("---",) * len(_HEADS)),
        *(_line(_cells(row, measured)) for row, measured in results),
        "",
        "## On what",
        "",
        *(f"- {name}: {value}" for name, value in facts.items()),
        "",
        "## How each was measured, and its figures",
    ]
    for row, measured in results:
        lines += ["", f"### {row.what}", row.how, ""]
        lines += [f"- {figure}" for figure in measured.figures]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
