"""Rows that compare rates: runs alternate, and each is compared with the one beside it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from statistics import median

from activation_server.settings import Settings
from tests.load.data_set import data_set, fresh_folder, read_once
from tests.load.report import Measured, Setup
from tests.load.stage import AVAILABLE, Served, Stage, stage
from tests.load.wrk import Load, Run

Prepare = Callable[[int], Path]  # so many requests, as a file

_RATE: Callable[[Run], float] = attrgetter("per_second")
_WARM_UP_SECONDS = 2
_FIRST_REQUESTS = 5_000
_PART = 0.7  # of the rate that the server reaches, for the 99th percentile
_THINK_MILLISECONDS = 500
_CORES_FOR_TWO = 4
_MARGIN = 1.6  # requests prepared for each that the runs before let expect


class Side:
    """One of the servers that are compared, and its runs."""

    def __init__(self, served: Served, prepare: Prepare, load: Load) -> None:
        self.served, self.prepare, self.load = served, prepare, load
        self.runs: list[Run] = []
        self.requests = _FIRST_REQUESTS
        warm_up = self._send(replace(load, seconds=_WARM_UP_SECONDS))
        self.requests = int(warm_up.per_second * load.seconds * _MARGIN) + load.connections

    def run(self) -> None:
        """Measure once more."""
        self.runs.append(self._send(self.load))

    def _send(self, load: Load) -> Run:
        sent = load.send(self.served.address, self.prepare(self.requests))
        while sent.missing:  # faster than it was expected: no figure
            self.requests *= 2
            sent = load.send(self.served.address, self.prepare(self.requests))
        return sent.require_valid()

    @property
    def rate(self) -> float:
        """Requests a second: the median of the runs."""
        return median(run.per_second for run in self.runs)

    def told(self, what: str) -> str:
        """Write the runs as a sentence."""
        each = ", ".join(f"{run.per_second:,.0f}" for run in self.runs)
        middle = median(run.p50 for run in self.runs) / 1000
        late = median(run.p99 for run in self.runs) / 1000
        return (
            f"{what}: {self.rate:,.0f}/s (runs: {each}); half of the answers within "
            f"{middle:.1f} ms, 99 % within {late:.1f} ms"
        )


def alternate(sides: Sequence[Side], rounds: int) -> None:
    """Measure each side in turn, so that what else the machine does hits all alike."""
    for _ in range(rounds):
        for side in sides:
            side.run()


def ratio(one: Side, other: Side, figure: Callable[[Run], float] = _RATE) -> float:
    """Compare two sides that alternated, each run with the one beside it: the median counts.

    What makes the machine slow for a while meets both of a pair.
    """
    pairs = zip(one.runs, other.runs, strict=True)
    return median(figure(ours) / figure(theirs) for ours, theirs in pairs)


def kept(prepare: Prepare) -> Prepare:
    """Prepare once, and anew only where more are asked for: for what answers the same always."""
    files: dict[int, Path] = {}

    def give(count: int) -> Path:
        if count > max(files, default=0):
            files[count] = prepare(count)
        return files[max(files)]

    return give


def full(setup: Setup) -> Load:
    """As fast as answers come."""
    return Load(setup.connections, setup.seconds)


def check_ins_against_bare(setup: Setup) -> Measured:
    """Compare check-ins with the bare endpoint."""
    with stage(data_set(setup.folder, setup.few_activations)) as on:
        return _compare(setup, on, "bare", on.check_ins, kept(on.check_ins))


def check_ins_against_ordinary(setup: Setup) -> Measured:
    """Compare check-ins with the ordinary implementation."""
    with stage(data_set(setup.folder, setup.few_activations)) as on:
        return _compare(setup, on, "ordinary", on.check_ins, on.check_ins)


def activations_against_bare(setup: Setup) -> Measured:
    """Compare first activations with the bare endpoint.

    On a data set that is made for it: of one that is kept, few computers would soon be many.
    """
    with (
        fresh_folder(setup.folder) as folder,
        stage(data_set(folder, setup.few_activations)) as on,
    ):
        return _compare(setup, on, "bare", on.activations, kept(on.activations))


def _compare(setup: Setup, on: Stage, other: str, prepare: Prepare, others: Prepare) -> Measured:
    with on.server() as server, on.baseline(other) as baseline:
        ours = Side(server, prepare, full(setup))
        theirs = Side(baseline, others, full(setup))
        alternate((ours, theirs), setup.rounds)
    figures = [ours.told("server"), theirs.told(other), on.durability()]
    return Measured(ratio(ours, theirs), figures)


def late_answers_against_bare(setup: Setup) -> Measured:
    """Compare 99th percentiles where both answer 70 % of what the server can."""
    with (
        stage(data_set(setup.folder, setup.few_activations)) as on,
        on.server() as server,
        on.baseline("bare") as bare,
    ):
        disk = on.disk()
        peak = Side(server, on.check_ins, full(setup))
        alternate((peak,), setup.rounds)
        load = _thinking(setup, _PART * peak.rate)
        ours = Side(server, on.check_ins, load)
        theirs = Side(bare, kept(on.check_ins), load)
        alternate((ours, theirs), setup.rounds)
    pairs = ", ".join(
        f"{one.p99 / 1000:.1f} to {other.p99 / 1000:.1f}"
        for one, other in zip(ours.runs, theirs.runs, strict=True)
    )
    figures = [
        peak.told("server, peak"),
        ours.told("server"),
        theirs.told("bare"),
        f"99 % within, ms, the server's to bare's beside it: {pairs}",
        disk,
    ]
    return Measured(ratio(ours, theirs, attrgetter("p99")), figures)


def _thinking(setup: Setup, rate: float) -> Load:
    """So many requests a second, from connections that think between them."""
    connections = max(1, round(rate * _THINK_MILLISECONDS / 1000))
    return Load(connections, setup.seconds, _THINK_MILLISECONDS)


def check_ins_among_many(setup: Setup) -> Measured:
    """Compare check-ins where many computers are stored with those where few are."""
    many = data_set(setup.folder, setup.activations)
    few = data_set(setup.folder, setup.few_activations)
    with (
        stage(many) as on_many,
        stage(few) as on_few,
        on_many.server() as server_many,
        on_few.server() as server_few,
    ):
        read = f"{read_once(many.folder)}; {on_many.read_into_buffers()}"
        big = Side(server_many, on_many.check_ins, full(setup))
        small = Side(server_few, on_few.check_ins, full(setup))
        alternate((big, small), setup.rounds)
    figures = [
        f"{big.told(f'{many.activations:,} stored')}; {read}",
        small.told(f"{few.activations:,} stored"),
    ]
    return Measured(ratio(big, small), figures)


def two_workers_against_one(setup: Setup) -> Measured:
    """Compare two workers, each on a core of its own, with one."""
    cores = len(AVAILABLE)
    if cores < _CORES_FOR_TWO:
        return Measured(None, [f"not measured: {cores} cores, {_CORES_FOR_TWO} are needed"])
    if "workers" not in Settings.model_fields:
        return Measured(None, ["not measured: the server has no setting for workers"])
    with stage(data_set(setup.folder, setup.few_activations), workers=2) as on:
        rates = []
        figures = []
        for workers in (1, 2):
            with on.server(workers) as server:
                side = Side(server, on.check_ins, full(setup))
                alternate((side,), setup.rounds)
            rates.append(side.rate)
            figures.append(side.told(f"workers: {workers}"))
    return Measured(rates[1] / rates[0], figures)
