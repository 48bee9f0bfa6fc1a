"""Rows on what is kept: bytes on the disk, the memory of a worker, updates in place."""

from collections.abc import Iterator
from dataclasses import replace

import psutil

from tests.load.data_set import data_set, fresh_folder
from tests.load.rates import Side, full
from tests.load.report import Measured, Setup
from tests.load.requests import spread
from tests.load.stage import Stage, stage
from tests.load.wrk import Load

_WRITTEN = ("activations", "events")  # what an activation writes to, but for its license's row
_BESIDE = ("licenses", "license_keys")
_CHECK_INS = 3  # of each computer of the sample
_SAMPLES = 10  # small data sets in one: tables of fewer rows have few, half empty pages
_LONGEST = 3_600  # seconds
SETTLED = 10_000  # requests after which a worker has all that it keeps


def bytes_of_a_computer(setup: Setup) -> Measured:
    """Give the bytes on disk for each activated computer, as the data set was made."""
    data = data_set(setup.folder, setup.activations)
    with stage(data) as on:
        return _bytes(on, f"as the data set was made, in {data.seconds:,} s")


def bytes_after_check_ins(setup: Setup) -> Measured:
    """Give the same after every computer of a small data set checked in several times.

    The data set is made for it: every computer of one that is kept has checked in before.
    """
    with (
        fresh_folder(setup.folder) as folder,
        stage(data_set(folder, _SAMPLES * setup.few_activations)) as on,
        on.server() as server,
    ):
        count = on.data.activations
        file = on.check_ins_of([spread(each, count) for each in range(count * _CHECK_INS)])
        all_of_them = replace(full(setup), seconds=_LONGEST).send(server.address, file)
        all_of_them.require_valid(besides=["missing"])  # it ends with the file
        return _bytes(on, f"after {_CHECK_INS} check-ins of each")


def _bytes(on: Stage, when: str) -> Measured:
    """Divide what tables take, indexes included, by the computers that are activated."""
    computers = on.ask("SELECT count(*) FROM activations")
    sizes = {table: _size(on, table) for table in (*_WRITTEN, *_BESIDE)}
    figures = [
        f"{table}: {size / computers:,.0f} bytes a computer ({index / computers:,.0f} of indexes)"
        for table, (size, index) in sizes.items()
    ]
    each = sum(sizes[table][0] for table in _WRITTEN) / computers
    return Measured(each, [f"{computers:,} computers activated, {when}", *figures])


def _size(on: Stage, table: str) -> tuple[int, int]:
    """Give a table's bytes with its indexes, and those of the indexes; partitions added up."""
    parts = (
        f"FROM (SELECT '{table}'::regclass AS part UNION ALL "
        f"SELECT inhrelid FROM pg_inherits WHERE inhparent = '{table}'::regclass) AS parts"
    )
    return (
        int(on.ask(f"SELECT sum(pg_total_relation_size(part)) {parts}")),
        int(on.ask(f"SELECT sum(pg_indexes_size(part)) {parts}")),
    )


def hot_updates(setup: Setup) -> Measured:
    """Give the share of check-ins that PostgreSQL wrote into the row's own page."""
    with stage(data_set(setup.folder, setup.few_activations)) as on:
        before = _updates(on)
        with on.server() as server:
            Side(server, on.check_ins, full(setup)).run()
        updated, in_place = (now - then for now, then in zip(_updates(on), before, strict=True))
    return Measured(in_place / updated, [f"{in_place:,} of {updated:,} updates of `activations`"])


def _updates(on: Stage) -> tuple[int, int]:
    """Count updates of `activations`; a server that ended has told all of its own."""
    counted = "FROM pg_stat_user_tables WHERE relname = 'activations'"
    return on.ask(f"SELECT n_tup_upd {counted}"), on.ask(f"SELECT n_tup_hot_upd {counted}")


def memory_of_a_worker(setup: Setup) -> Measured:
    """Compare the memory of a worker after very many requests with that after 10,000."""
    looks = list[tuple[int, int]]()
    with stage(data_set(setup.folder, setup.few_activations)) as on:
        for answered, size in watched(on, setup.connections, setup.soak_requests):
            looks.append((answered, size))
            setup.say(f"  {answered:,} of {setup.soak_requests:,} requests …")
    figures = [f"after {answered:,} requests {size / 1e6:,.1f} MB" for answered, size in looks]
    return Measured(looks[-1][1] / looks[0][1], figures)


def watched(on: Stage, connections: int, requests: int) -> Iterator[tuple[int, int]]:
    """Serve so many check-ins; give how many there were, and the bytes that the server has then.

    The first look is after `SETTLED`, each further one after twice as many as the one before.
    """
    load, answered, step = Load(connections, _LONGEST), 0, SETTLED
    with on.server() as server:
        process = psutil.Process(server.pid)
        while answered < max(requests, SETTLED):
            some = load.send(server.address, on.check_ins(SETTLED + connections))
            some.require_valid(besides=["missing"])  # it ends with the file
            on.discard_requests()
            answered += some.requests
            if answered >= min(step, requests):
                yield answered, process.memory_info().rss
                step = 2 * answered
