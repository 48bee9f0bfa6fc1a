"""The row on overload: what is still granted when far more is asked for than can be."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import quantiles

from tests.load.data_set import data_set
from tests.load.rates import Side, alternate, full
from tests.load.report import Measured, Setup
from tests.load.stage import Served, Stage, stage
from tests.load.wrk import REFUSALS, Load, Run

_CONNECTIONS = 2_000
_PREPARED = 10  # requests for each that is granted at the peak: those shed come again at once
_PROBES = 16  # connections that are timed one by one
_USUAL = 0.9  # of the peak: back to usual
_AFTERWARDS = 15  # seconds to wait for it
_LEAST_SECONDS = 10


def goodput_under_overload(setup: Setup) -> Measured:
    """Let far more ask than the server can take, and count what it grants against its peak.

    Each computer asks once: after one that was shed, its next token would be from the future.
    """
    with stage(data_set(setup.folder, setup.activations)) as on, on.server() as server:
        peak = Side(server, on.check_ins, full(setup))
        alternate((peak,), setup.rounds)
        after = [on.check_ins(int(peak.rate * 2)) for _ in range(_AFTERWARDS)]
        main, probe = _overload(setup, on, server, peak.rate)
        seconds = _until_usual(server, after, peak)
    goodput = main.goodput + probe.goodput
    asked = main.per_second + probe.per_second
    answered = (
        f"{_CONNECTIONS:,} connections that wait for nothing: {asked:,.0f} answers/s "
        f"({asked / peak.rate:.1f} times the peak), {goodput:,.0f}/s of them granted"
    )
    figures = [
        peak.told("peak"),
        answered,
        f"timed out after 30 s: {main.timeouts + probe.timeouts}",
        _late(probe),
        f"back to {_USUAL:.0%} of the peak: {seconds}",
    ]
    return Measured(goodput / peak.rate, figures)


def _overload(setup: Setup, on: Stage, server: Served, peak: float) -> tuple[Run, Run]:
    """Send far too much, with a few connections beside that are timed one by one."""
    seconds = max(setup.seconds, _LEAST_SECONDS)
    heavy, light = Load(_CONNECTIONS, seconds), Load(_PROBES, seconds, probe=True)
    file = on.check_ins(int(_PREPARED * peak * seconds))
    beside = on.check_ins(int(peak * seconds))
    with ThreadPoolExecutor(2) as both:
        main = both.submit(heavy.send, server.address, file)
        probe = both.submit(light.send, server.address, beside)
        return (
            main.result().require_valid(besides=REFUSALS),
            probe.result().require_valid(besides=REFUSALS),
        )


def _late(probe: Run) -> str:
    if len(probe.taken) < 100:
        return f"granted to {_PROBES} connections beside: {len(probe.taken)}, too few to tell more"
    late = quantiles(probe.taken, n=100)[98] / 1000
    return (
        f"99 % of {len(probe.taken):,} granted answers within {late:,.0f} ms; "
        f"{probe.shed:,} of {probe.requests:,} requests shed with 503"
    )


def _until_usual(server: Served, files: Sequence[Path], peak: Side) -> str:
    """Tell after how many seconds a second's rate is the usual one again."""
    for seconds, file in enumerate(files):
        run = replace(peak.load, seconds=1).send(server.address, file)
        if run.goodput >= _USUAL * peak.rate:
            return f"{seconds} s after the end"
    return f"not within {len(files)} s"
