"""The benchmark's own logic: runs that count, cores, rows, disk space."""

import json
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.load import bench, data_set, rates, wrk
from tests.load.report import Measured, Row, Setup
from tests.load.rows import QUICK, ROWS
from tests.load.stage import Cores

PRINTED = {
    "requests": 1000,
    "microseconds": 2_000_000,
    "p50": 900,
    "p99": 4000,
    "longest": 9000,
    "refused": 0,
    "socket_errors": 0,
    "timeouts": 0,
    "sent": 1064,
    "missing": 0,
    "shed": 0,
    "taken": [],
}


def run_of(**changes: int) -> wrk.Run:
    return wrk.Run.read("Running 2s test\n\n" + json.dumps({**PRINTED, **changes}) + "\n")


def test_a_run_tells_rates():
    run = run_of(refused=400).require_valid(besides=wrk.REFUSALS)
    assert (run.per_second, run.goodput) == (500, 300)


@pytest.mark.parametrize(
    "fault", [{"refused": 1}, {"socket_errors": 1}, {"timeouts": 1}, {"missing": 1}]
)
def test_a_run_with_a_fault_gives_no_figure(fault: dict[str, int]):
    with pytest.raises(wrk.InvalidRunError, match=next(iter(fault))):
        run_of(**fault).require_valid()


def test_a_run_without_answers_gives_no_figure():
    with pytest.raises(wrk.InvalidRunError):
        run_of(requests=0).require_valid(besides=wrk.REFUSALS)


@pytest.mark.parametrize(
    ("available", "workers", "server", "database", "load"),
    [
        ({0}, 1, {0}, {0}, {0}),
        ({0, 1}, 1, {0}, {1}, {1}),
        ({0, 1, 2}, 1, {0}, {1, 2}, {1, 2}),
        ({0, 1, 2, 3}, 1, {0}, {1, 2}, {3}),
        ({2, 3, 6, 7}, 2, {2, 3}, {6, 7}, {6, 7}),
    ],
)
def test_the_server_has_cores_of_its_own(
    available: set[int], workers: int, server: set[int], database: set[int], load: set[int]
):
    assert Cores.of(available, workers) == Cores(
        frozenset(server), frozenset(database), frozenset(load)
    )


def test_rows_are_found_by_name():
    assert [row.name for row in bench.chosen_rows("hot, check-ins")] == ["hot", "check-ins"]
    assert tuple(bench.chosen_rows("")) == ROWS
    assert tuple(row.name for row in bench.chosen_rows("", quick=True)) == QUICK
    with pytest.raises(SystemExit, match="no row nothing; there are: check-ins, "):
        bench.chosen_rows("nothing")


def test_a_row_without_a_valid_run_says_so_and_the_others_go_on(tmp_path: Path):
    def invalid(_setup: Setup) -> Measured:
        raise wrk.InvalidRunError("3 requests answered; faults: {'refused': 3}")

    rows = [
        Row("bad", "what", "how", invalid),
        Row("good", "what", "how", lambda _setup: Measured(1.0)),
    ]
    setup = bench.setup_of(bench.options([]), tmp_path)
    bad, good = (measured for _, measured in bench.measure(rows, setup))
    assert (bad.value, good.value) == (None, 1.0)
    assert "3 requests answered" in bad.figures[0]


def test_a_benchmark_that_is_stopped_tells_what_it_has(tmp_path: Path):
    def stopped(_setup: Setup) -> Measured:
        raise KeyboardInterrupt

    def never(_setup: Setup) -> Measured:
        raise AssertionError

    measures = (lambda _setup: Measured(1.0), stopped, never)
    rows = [Row("one", "what", "how", each) for each in measures]
    setup = bench.setup_of(bench.options([]), tmp_path)
    first, *others = (measured for _, measured in bench.measure(rows, setup))
    assert first.value == 1.0
    assert others == [Measured(None, ["not measured: stopped"])] * 2


def test_too_small_a_disk_is_told_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: SimpleNamespace(free=20 * 10**9))
    data_set.require_space(tmp_path, 1_000_000)
    with pytest.raises(
        data_set.NoSpaceError, match=r"need 23 GB .* 20 GB are free: set BENCH_DATA"
    ):
        data_set.require_space(tmp_path, 10_000_000)


def test_a_run_is_compared_with_the_one_beside_it():
    """The machine became four times as slow after the first pair."""
    ours, theirs = (
        cast("rates.Side", SimpleNamespace(runs=[run_of(requests=each) for each in counts]))
        for counts in ((800, 200, 150), (1000, 250, 300))
    )
    assert rates.ratio(ours, theirs) == 0.8
    assert rates.ratio(ours, theirs, attrgetter("p99")) == 1


def test_what_answers_the_same_always_is_prepared_once(tmp_path: Path):
    asked: list[int] = []

    def prepare(count: int) -> Path:
        asked.append(count)
        return tmp_path / str(count)

    give = rates.kept(prepare)
    assert [give(count).name for count in (5, 3, 9, 5)] == ["5", "5", "9", "9"]
    assert asked == [5, 9]
