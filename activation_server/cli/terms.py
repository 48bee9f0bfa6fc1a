"""Options that set license terms, the same on every command that sets terms."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, Final

import typer

from activation_server.rules.license import (
    MOST_DAYS,
    MOST_MINUTES,
    MOST_MONTHS,
    OnClone,
    Overage,
    TermFrom,
    Virtual,
    version_key,
)

UNLIMITED, NONE, ANY = "unlimited", "none", "any"
YES_OR_NO: Final = {"yes": True, "no": False}

Command = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Given:
    """A term's value as it was given; `None` in it means unlimited, for ever or any."""

    value: object


def _number(least: int, word: str = NONE, most: int | None = None) -> Callable[[str], Given]:
    """Read a whole number, or the word that stands for no limit."""

    def parse(text: str) -> Given:
        if text == word:
            return Given(None)
        number = int(text) if text.isascii() and text.isdecimal() else -1
        if number < least or (most is not None and number > most):
            upward = "up" if most is None else f"to {most}"
            msg = f"give a whole number from {least} {upward}, or {word}"
            raise typer.BadParameter(msg)
        return Given(number)

    return parse


def _version(text: str) -> Given:
    if text != NONE and not version_key(text):
        msg = "give a version with numbers in it, as 9 or 9.2, or none"
        raise typer.BadParameter(msg)
    return Given(None if text == NONE else text)


def _yes_or_no(text: str) -> Given:
    if text not in YES_OR_NO:
        msg = "give yes or no"
        raise typer.BadParameter(msg)
    return Given(YES_OR_NO[text])


def _edition(text: str) -> Given:
    return Given(None if text == ANY else text)


def _option(*names: str, **settings: Any) -> Any:  # noqa: ANN401 - what typer's Option takes
    return typer.Option(*names, rich_help_panel="Terms", **settings)


def _read_by(parse: Callable[[str], Given], metavar: str, text: str) -> Any:  # noqa: ANN401 - a type
    return Annotated[Given | None, _option(parser=parse, metavar=metavar, help=text)]


def _days(least: int, text: str) -> Any:  # noqa: ANN401 - a type
    return Annotated[int | None, _option(min=least, max=MOST_DAYS, metavar="N", help=text)]


# By their names in the rules. The first sentence that a vendor reads of each.
OPTIONS: Final[Mapping[str, Any]] = {
    "seats": _read_by(_number(1, UNLIMITED), "N|unlimited", "Computers at the same time."),
    "overage": Annotated[
        Overage | None, _option(help="Computers beyond the seats: a factor, none or unlimited.")
    ],
    "term_days": _read_by(_number(1), "N|none", "Days that the license lasts."),
    "term_from": Annotated[
        TermFrom | None, _option(help="From when they count: issue, or first activation.")
    ],
    "grace_days": _days(0, "Days it still works after its end."),
    "maintenance_days": _read_by(
        _number(1), "N|none", "Days from issue in which released versions are covered."
    ),
    "max_version": _read_by(_version, "V|none", "Highest version covered: 9 is every 9.x."),
    "edition": _read_by(_edition, "E|any", "The edition covered."),
    "features": Annotated[
        list[str] | None,
        _option("--feature", metavar="F", help="A feature in the certificate; repeatable."),
    ],
    "check_in_days": _days(1, "Days between two check-ins."),
    "certificate_days": _read_by(
        _number(1),
        "N|none",
        "Days an app works without the server; none: as long as the license lasts.",
    ),
    "transfers": _read_by(
        _number(0, UNLIMITED),
        "N|unlimited",
        "How often apps may give a seat back within the transfer days.",
    ),
    "transfer_days": _days(1, "The days these are counted in."),
    "floating_minutes": _read_by(
        _number(1, most=MOST_MINUTES),
        "N|none",
        "A seat is a lease of so many minutes, which a check-in renews; none: it stays taken.",
    ),
    "virtual": Annotated[Virtual | None, _option(help="Virtual machines: allow, or refuse.")],
    "virtual_seats": _read_by(
        _number(1, UNLIMITED), "N|unlimited", "Of the seats, how many virtual machines may hold."
    ),
    "one_license_per_computer": _read_by(
        _yes_or_no,
        "yes|no",
        "Whether a computer may hold seats of one license of the product only.",
    ),
    "trial_days": _read_by(
        _number(1, most=MOST_DAYS),
        "N|none",
        "Days of a trial; this is the policy that the product's trials get.",
    ),
    "trial_again_months": _read_by(
        _number(1, most=MOST_MONTHS), "N|none", "Months after which a computer gets another trial."
    ),
    "clone": Annotated[
        OnClone | None,
        _option(help="When an activation lives on two computers: flag, or refuse."),
    ],
    "clone_certificate_hours": Annotated[
        int | None,
        _option(min=1, max=8760, metavar="N", help="Hours that a flagged certificate lasts."),
    ],
}


# As they are named where a term is set back: `seats`, `max-version`, `feature`.
NAMES: Final[Mapping[str, str]] = {
    {"features": "feature"}.get(name, name.replace("_", "-")): name for name in OPTIONS
}


def taking_terms(command: Command) -> Command:
    """Give a command every option of `OPTIONS`; its parameter `terms` gets those that were set."""
    signature = inspect.signature(command, eval_str=True)
    parameters = []
    for parameter in signature.parameters.values():
        if parameter.name != "terms":
            parameters.append(parameter)
            continue
        parameters += [
            parameter.replace(name=name, default=None, annotation=option)
            for name, option in OPTIONS.items()
        ]

    @wraps(command)
    def with_options(**values: Any) -> None:  # noqa: ANN401 - as parsed by typer
        command(terms=_set({name: values.pop(name) for name in OPTIONS}), **values)

    with_options.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined] # read by typer
    with_options.__annotations__ = {each.name: each.annotation for each in parameters}
    return with_options


def _set(values: Mapping[str, object]) -> dict[str, object]:
    """Give the terms that were set, as the rules have them."""
    plain = {
        name: value.value if isinstance(value, Given) else value
        for name, value in values.items()
        if value is not None
    }
    if "features" in plain:
        plain["features"] = tuple(plain["features"])  # type: ignore[arg-type] # a list of texts
    return plain
