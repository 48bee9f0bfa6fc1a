"""The report: verdicts, and the page that is written."""

import json

import pytest
from rich.console import Console

from tests.load.report import (
    Direction,
    Measured,
    Row,
    Setup,
    Verdict,
    markdown,
    number,
    plain,
    table,
)


def nothing(_setup: Setup) -> Measured:
    return Measured(None)


RATE = Row("rate", "check-ins against the bare endpoint", "Runs alternate.", nothing, 0.6, 1.0)
SIZE = Row("size", "bytes", "Summed.", nothing, 700, 450, unit="bytes", direction=Direction.AT_MOST)
SHARE = Row("share", "share of HOT updates", "Asked.", nothing, unit="")


@pytest.mark.parametrize(
    ("row", "value", "verdict"),
    [
        (RATE, 0.6, Verdict.PASS),
        (RATE, 0.5999, Verdict.SHORT),
        (RATE, None, Verdict.NOT_MEASURED),
        (SIZE, 700, Verdict.PASS),
        (SIZE, 700.1, Verdict.SHORT),
        (SHARE, 0.1, Verdict.TOLD),
    ],
)
def test_a_figure_is_compared_with_its_target(row: Row, value: float | None, verdict: Verdict):
    assert row.verdict(Measured(value)) is verdict


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.12345, "0.123"), (1.0, "1"), (99.94, "99.9"), (12345.6, "12,346"), (None, "-")],
)
def test_figures_are_written_with_the_digits_that_count(value: float | None, text: str):
    assert number(value) == text


RESULTS = [
    (RATE, Measured(0.7, ["700 check-ins/s", "1,000 bare/s"])),
    (SIZE, Measured(900.0)),
    (SHARE, Measured(None, ["too few updates"])),
]


def test_the_page_has_figures_targets_and_how_they_came():
    page = markdown(RESULTS, {"cores": "2"})
    assert (
        "| check-ins against the bare endpoint | 0.7 times | at least 0.6 | at least 1 | pass |"
        in page
    )
    assert "| bytes | 900 bytes | at most 700 | at most 450 | short |" in page
    assert "| share of HOT updates | - | - | - | not measured |" in page
    assert "- cores: 2\n" in page
    assert "Runs alternate.\n\n- 700 check-ins/s\n- 1,000 bare/s\n" in page


def test_json_and_the_terminal_say_the_same():
    document = json.loads(json.dumps(plain(RESULTS, {"cores": "2"})))
    assert [row["verdict"] for row in document["rows"]] == ["pass", "short", "not measured"]
    assert document["rows"][0]["figures"] == ["700 check-ins/s", "1,000 bare/s"]
    console = Console(width=200, record=True)
    console.print(table(RESULTS))
    drawn = console.export_text()
    assert drawn.count("short") == 1
    assert "0.7 times" in drawn
