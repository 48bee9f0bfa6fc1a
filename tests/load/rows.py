"""The table of the benchmark: every row, with its target and how it is measured."""

from tests.load import find, overload, rates, retention, sizes
from tests.load.report import Direction, Row

_PINNED = (
    "The server has one worker on a core of its own; wrk and PostgreSQL run on the others, the "
    "same for both sides. Runs of the two sides alternate, and each is compared with the one "
    "beside it; the median of these ratios counts."
)

# Those that `make bench-quick` measures: a figure of each kind in two minutes.
QUICK = ("check-ins", "check-ins-ordinary", "activations", "late-answers", "bytes", "hot")

ROWS: tuple[Row, ...] = (
    Row(
        "check-ins",
        "check-ins/s against the bare FastAPI endpoint",
        "wrk sends check-ins of computers far apart, each answered from a durable commit; the bare "
        "endpoint reads the same bodies by the same model, and answers a constant of the same "
        f"size. {_PINNED}",
        rates.check_ins_against_bare,
        target=0.6,
        aim=1.0,
    ),
    Row(
        "check-ins-ordinary",
        "check-ins/s against an ordinary implementation",
        "The same against `tests/load/baselines/ordinary.py`: FastAPI and SQLAlchemy's ORM, one "
        f"transaction for each request. {_PINNED}",
        rates.check_ins_against_ordinary,
        target=6,
        aim=12,
    ),
    Row(
        "activations",
        "first activations/s against the bare FastAPI endpoint",
        "Each is of a computer that was never seen, on a license of its own that was issued "
        f"before. {_PINNED}",
        rates.activations_against_bare,
        target=0.25,
        aim=0.5,
    ),
    Row(
        "late-answers",
        "99th percentile of a check-in against the bare endpoint's at the same rate",
        "Both answer 70 % of the check-ins that the server can. A closed loop: as many connections "
        "as it takes, each of which thinks between an answer and its next request, for up to a "
        "second, half a second on average.",
        rates.late_answers_against_bare,
        target=3,
        aim=2,
        direction=Direction.AT_MOST,
    ),
    Row(
        "many-stored",
        "check-ins/s with many activations stored against few",
        "The same load on two data sets, whose runs alternate and are compared as above. What "
        "check-ins touch of the big one is read into PostgreSQL's buffers before, as it is by "
        "them within a quarter of an hour of such a load.",
        rates.check_ins_among_many,
        target=0.85,
        aim=0.95,
    ),
    Row(
        "bytes",
        "bytes on disk for each activated computer",
        "`activations` and `events` with their indexes, as they are after rows came in by COPY in "
        "no order of their keys; the tables of licenses are told beside.",
        sizes.bytes_of_a_computer,
        target=700,
        aim=450,
        unit="bytes",
        direction=Direction.AT_MOST,
    ),
    Row(
        "bytes-later",
        "bytes on disk for each computer, after all checked in three times",
        "The same tables of a smaller data set that is made for it, after check-ins of all.",
        sizes.bytes_after_check_ins,
        target=700,
        aim=450,
        unit="bytes",
        direction=Direction.AT_MOST,
    ),
    Row(
        "memory",
        "memory of a worker after many requests against after 10,000",
        "Resident memory (RSS) of the server's process, under full load all the time.",
        sizes.memory_of_a_worker,
        target=1.1,
        aim=1.0,
        direction=Direction.AT_MOST,
    ),
    Row(
        "workers",
        "check-ins/s of two workers against one",
        "Each worker has a core of its own.",
        rates.two_workers_against_one,
        target=1.5,
        aim=1.8,
    ),
    Row(
        "overload",
        "check-ins granted under overload, against the peak",
        "2,000 connections ask again as soon as they are answered, so that more requests wait than "
        "the server takes on, and those that it sheds come back at once. 16 connections beside are "
        "timed one by one: so the time of granted answers is told apart from that of shed ones.",
        overload.goodput_under_overload,
        target=0.8,
    ),
    *(
        Row(
            f"find-{name}",
            f"`license find` by {what}, 99th percentile",
            "In a running process, through the service, without the start of a command; each "
            "license has a buyer of a real name. The median of the rounds counts, each of "
            "other searches.",
            measure,
            target=50,
            aim=20,
            unit="ms",
            direction=Direction.AT_MOST,
        )
        for name, what, measure in (
            ("email", "e-mail", find.by_email),
            ("prefix", "the first letters of a name", find.by_name_prefix),
            ("name", "a whole name", find.by_name),
            ("order", "order", find.by_order),
        )
    ),
    Row(
        "retention",
        "99th percentile of a check-in beside a retention run against undisturbed",
        "In one process, at half of the check-ins that saturate it, which come at fixed times. The "
        "run is halted again and again, and what is undisturbed is measured in between.",
        retention.beside_retention,
        target=2,
        aim=1.3,
        direction=Direction.AT_MOST,
    ),
    Row(
        "hot",
        "share of updates of `activations` in place (HOT)",
        "PostgreSQL's own count (`n_tup_hot_upd` by `n_tup_upd`) over a run of check-ins.",
        sizes.hot_updates,
        unit="",
    ),
)
