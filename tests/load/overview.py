"""How long the overview's questions take, and what drawing a plot costs.

    python -m tests.load.overview --activations 100000 --data FOLDER

The folder is its own: the data set there is spread over versions, months and ends.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median

from activation_server import bootstrap, logs
from activation_server.embedded_postgres import EmbeddedPostgres
from activation_server.formats import overview as sheets
from activation_server.formats import plot
from activation_server.rules import overview as rules
from activation_server.services import overview, retention
from activation_server.services.context import Context
from activation_server.settings import LogFormat
from activation_server.store import overview as store
from activation_server.store.database import Connection
from tests.load.data_set import DataSet, data_set, raw_connection, settings_of

TIMES = 5
# Each row counts as it would after some years: many versions, ends, a refusal here and there.
SPREAD = """
    UPDATE activations SET app_version = '9.' || (random() ^ 3 * 60)::int,
        os_family = (ARRAY['windows', 'windows', 'macos', 'linux'])[1 + (random() * 3)::int],
        activated_at = activated_at - random() * interval '700 days',
        answered_at = answered_at - random() ^ 3 * interval '90 days';
    UPDATE activations SET removed_at = answered_at, removed_by = 'app' WHERE random() < 0.1;
    UPDATE events SET at = at - random() * interval '60 days';
    UPDATE licenses SET overrides = jsonb_build_object('term_days', (random() * 900)::int)
        WHERE random() < 0.5;
    INSERT INTO refusals
        SELECT license_id, 'SEAT_LIMIT_REACHED', now(), (random() ^ 5 * 40)::int + 1, '{}'
        FROM licenses WHERE random() < 0.1 ON CONFLICT DO NOTHING;
"""
LOADING = """
import time, psutil
from activation_server.web import app
from activation_server.formats import plot
memory = psutil.Process().memory_info
before, begun = memory().rss, time.perf_counter()
plot._pygal()
took, more = time.perf_counter() - begun, memory().rss - before
print(f"import of pygal: {took * 1e3:.0f} ms, {more / 2**20:.1f} MiB")
"""


def main() -> None:
    """Measure, and print a line for each question."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--activations", type=int, default=100_000)
    parser.add_argument("--data", type=Path, required=True)
    chosen = parser.parse_args()
    chosen.data.mkdir(exist_ok=True)
    logs.configure(LogFormat.TEXT, "error")
    made = data_set(chosen.data, chosen.activations)
    with EmbeddedPostgres(made.folder) as postgres:
        numbers = asyncio.run(_measure(made, postgres.url()))
    _draw(numbers)
    loading = subprocess.run([sys.executable, "-c", LOADING], check=True, capture_output=True)
    _say(loading.stdout.decode().strip())


async def _measure(made: DataSet, url: str) -> rules.Numbers:
    async with raw_connection(url) as connection:
        await connection.execute(SPREAD)
        await connection.execute("VACUUM ANALYZE")
    async with bootstrap.open_context(settings_of(made.folder), url) as context:
        for name, question in _questions(context).items():
            await _one(name, partial(context.database.transact, question))
        return await overview.numbers(context)


def _draw(numbers: rules.Numbers) -> None:
    for sheet in sheets.sheets(numbers).values():
        if sheet.has_plot:
            begun = time.perf_counter()
            size = len(plot.draw(sheet, plot.Width.WIDE, plot.Colors.DARK).svg)
            took = (time.perf_counter() - begun) * 1e3
            _say(f"{'plot ' + sheet.name:24} {took:8.1f} ms, {size:,} bytes")


def _questions(context: Context) -> dict[str, Callable[[Connection], Awaitable[object]]]:
    now = context.now()
    first, week = rules.beginning(rules.days(now)[0]), now - timedelta(days=rules.LEAK_DAYS)
    month, listed = rules.months(now)[0], rules.LISTED
    questions: dict[str, Callable[[Connection], Awaitable[object]]] = {
        "computers": lambda on: store.computers(on, now, month, first),
        "activations_by_day": lambda on: store.activations_by_day(on, first),
        "sold": lambda on: store.sold(on, now, rules.MOST_PRODUCTS),
        "refused": lambda on: store.refused(on, first),
        "ending": lambda on: store.ending(on, now, now + rules.ENDING, listed),
        "most_activated": lambda on: store.most_activated(on, week, rules.LEAST_ACTIVATIONS),
        "most_refused": lambda on: store.most_refused(on, week, rules.LEAST_REFUSED, listed),
        "cloned": lambda on: store.cloned(on, first, listed),
        "retention": lambda on: retention.preview(context.within(on)),
    }

    def bounded(
        question: Callable[[Connection], Awaitable[object]],
    ) -> Callable[[Connection], Awaitable[object]]:
        async def work(on: Connection) -> object:
            found = await store.bounded(on, question)
            assert found is not None, "it took too long"
            return found

        return work

    return {name: bounded(question) for name, question in questions.items()}


async def _one(name: str, ask: Callable[[], Awaitable[object]]) -> None:
    seconds = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        await ask()
        seconds.append((time.perf_counter() - begun) * 1e3)
    _say(f"{name:24} median {median(seconds):8.1f} ms, worst {max(seconds):8.1f} ms")


def _say(text: str) -> None:
    print(text)  # noqa: T201 - a measurement's result


if __name__ == "__main__":
    main()
