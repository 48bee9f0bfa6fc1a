"""Retention as sheets: what is due of each class, and what the last runs disposed of."""

from collections.abc import Sequence
from typing import Any, Final

from activation_server.formats import admin_api
from activation_server.formats.overview import Shape, Sheet
from activation_server.formats.words import minute
from activation_server.rules.retention import CLASSES, Due, Lifetime, Retention, Run

Json = dict[str, Any]
COUNTS: Final = ("due", "gone", "held", "waiting")
NO_END: Final = "cut off, or runs"


def due(found: Sequence[tuple[Retention, Lifetime, Due]] | None) -> Sheet:
    """Write what a run would dispose of now, class by class; `None`: not counted in time."""
    rows = None
    if found is not None:
        rows = [
            (
                of_class.name,
                each.count,
                each.held,
                each.waiting,
                "" if each.oldest is None else f"{each.oldest:%Y-%m-%d}",
                str(lifetime),
                of_class.clock,
                of_class.action.value,
            )
            for of_class, lifetime, each in found
        ]
    return Sheet(
        "due",
        "Due now",
        "Rows whose time is over. The next run disposes of what is due; what is under a legal "
        "hold, or waits for something to be set, stays.",
        ("Class", "Due", "Held", "Waiting", "Oldest", "Kept", "After", "Then"),
        rows,
        Shape.BARS,
        plotted=(1, 2, 3),
    )


def of_run(one: Run) -> Sequence[Json]:
    """Write of each class what a run found due, and what went; of those where there was any."""
    return [
        {"name": name, **one.classes[name]}
        for name in CLASSES  # a record that was read has them in another order
        if name in one.classes and any(one.classes[name][count] for count in COUNTS)
    ]


def run(one: Run) -> Json:
    """Write a run with its sums, and why not all went."""
    classes = one.classes
    document = admin_api.retention_run(one.began_at, one.ended_at, one.by, classes)
    ended = document["ended"]
    return {
        "began": minute(document["began"]),
        "ended": minute(ended) if ended else NO_END,
        "by": one.by,
        "sums": {name: sum(each[name] for each in classes.values()) for name in COUNTS},
        "gone": {name: each["gone"] for name, each in classes.items() if each["gone"]},
        "why": {name: each["why"] for name, each in classes.items() if each["why"]},
        "is_over": ended is not None,
    }
