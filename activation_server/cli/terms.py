"""Options that set license terms, the same wherever terms are set."""

from typing import Annotated

import typer

from activation_server.rules.license import OnClone, Overage, TermFrom, version_key

UNLIMITED, NONE = "unlimited", "none"


def _number_or(word: str, least: int) -> object:
    def parse(text: str) -> str:
        if text != word and not (text.isdecimal() and int(text) >= least):
            msg = f"give a whole number from {least} up, or {word}"
            raise typer.BadParameter(msg)
        return text

    return parse


def _version(text: str | None) -> str | None:
    if text is not None and not version_key(text):
        msg = "give a version with numbers in it, as 9 or 9.2"
        raise typer.BadParameter(msg)
    return text


Seats = Annotated[
    str | None,
    typer.Option(
        metavar="N|unlimited",
        parser=_number_or(UNLIMITED, 1),
        help="Computers at the same time.",
    ),
]
TermDays = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Days that the license lasts.")
]
TermStart = Annotated[
    TermFrom | None,
    typer.Option("--term-from", help="From when these days count: issue or first activation."),
]
GraceDays = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="Days it still works after its end.")
]
MaintenanceDays = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Days from issue in which released versions are covered."
    ),
]
MaxVersion = Annotated[
    str | None,
    typer.Option(callback=_version, metavar="V", help="Highest version covered: 9 is every 9.x."),
]
Edition = Annotated[
    str | None, typer.Option(metavar="E", help="The edition covered; any when not given.")
]
Feature = Annotated[
    list[str] | None,
    typer.Option("--feature", metavar="F", help="A feature in the certificate; repeatable."),
]
CheckInDays = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Days between two check-ins.")
]
CertificateDays = Annotated[
    str | None,
    typer.Option(
        metavar="N|none",
        parser=_number_or(NONE, 1),
        help="Days an app works without the server; none: as long as the license lasts.",
    ),
]


Overuse = Annotated[
    Overage | None,
    typer.Option("--overage", help="Computers beyond the seats: as a factor, none or unlimited."),
]
Transfers = Annotated[
    str | None,
    typer.Option(
        metavar="N|unlimited",
        parser=_number_or(UNLIMITED, 0),
        help="How often apps may give a seat back within the transfer days.",
    ),
]
TransferDays = Annotated[
    int | None, typer.Option(min=1, max=36_500, metavar="D", help="The days these are counted in.")
]


Clone = Annotated[
    OnClone | None,
    typer.Option("--clone", help="When an activation lives on two computers: flag or refuse."),
]
CloneCertificateHours = Annotated[
    int | None,
    typer.Option(min=1, max=8760, metavar="N", help="How long a flagged certificate lasts."),
]


def changes(
    *,
    seats: str | None = None,
    certificate_days: str | None = None,
    transfers: str | None = None,
    features: list[str] | None = None,
    **others: object,
) -> dict[str, object]:
    """Give the terms that were set, by their names in the rules."""
    given = {name: value for name, value in others.items() if value is not None}
    if seats is not None:
        given["seats"] = None if seats == UNLIMITED else int(seats)
    if certificate_days is not None:
        given["certificate_days"] = None if certificate_days == NONE else int(certificate_days)
    if transfers is not None:
        given["transfers"] = None if transfers == UNLIMITED else int(transfers)
    if features is not None:
        given["features"] = tuple(features)
    return given
