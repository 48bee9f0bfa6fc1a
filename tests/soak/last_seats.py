"""Rounds of computers that race for the last seats of a license, on a real PostgreSQL.

Run by `make soak ROUNDS=10000`; prints what it did, and fails at the first seat too many.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from rich.progress import Progress

from activation_server import bootstrap
from activation_server.embedded_postgres import EmbeddedPostgres
from activation_server.rules.reasons import Reason, Refused
from activation_server.services import licensing
from activation_server.services.calls import Certified
from activation_server.services.context import Context
from activation_server.services.new_seat import activate
from activation_server.settings import Settings
from tests.services.calls import issue_one, make_request

SEATS, COMPUTERS = 3, 8
AT_ONCE = 4  # rounds


async def race(context: Context, number: int) -> None:
    """Let more computers than seats activate at the same moment, each of them twice."""
    key = (await issue_one(context, seats=SEATS)).license_key
    first = number * COMPUTERS
    requests = [make_request(first + one, key, computer=first + one) for one in range(COMPUTERS)]
    answers = await asyncio.gather(*(activate(context, one) for one in requests * 2))
    seats = {one.activation.activation_id for one in answers if isinstance(one, Certified)}
    refused = {one.reason for one in answers if isinstance(one, Refused)}
    history = await licensing.show(context, key)
    used = history.view.license.seats_used
    if not len(seats) == len(history.activations) == used == SEATS:
        sys.exit(f"round {number}: {len(seats)} answered, {used} counted, of {SEATS} seats")
    if refused != {Reason.SEAT_LIMIT_REACHED}:
        sys.exit(f"round {number}: refused for {sorted(refused)}")


async def run(url: str, data_dir: Path, rounds: int) -> None:
    """Race for so many rounds, some at a time."""
    settings = Settings(data_dir=data_dir)
    async with bootstrap.open_context(settings, url) as context:
        await issue_one(context)  # the product
        gate = asyncio.Semaphore(AT_ONCE)

        async def gated(number: int) -> None:
            async with gate:
                await race(context, number)
            progress.advance(task)

        with Progress() as progress:
            task = progress.add_task("Racing for the last seats", total=rounds)
            await asyncio.gather(*(gated(number) for number in range(rounds)))


def main() -> None:
    """Run on an embedded PostgreSQL of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10_000)
    rounds = parser.parse_args().rounds
    with (
        tempfile.TemporaryDirectory(prefix="activation-") as directory,
        EmbeddedPostgres(Path(directory)) as postgres,
    ):
        asyncio.run(run(postgres.url(), Path(directory), rounds))
    calls = rounds * COMPUTERS * 2
    sys.stdout.write(f"{rounds} rounds, {calls} activations: never one seat too many\n")


if __name__ == "__main__":
    main()
