"""`activation-server newsletter …`."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from activation_server.cli.operate import AsJson, DataDir, operate, out, print_json
from activation_server.formats import newsletter_report
from activation_server.formats.times import rfc3339
from activation_server.rules.consent import Channel, Consent
from activation_server.services import newsletter
from activation_server.services.context import Context
from activation_server.services.newsletter import Recipient, Status

app = typer.Typer(no_args_is_help=True)

Email = Annotated[str, typer.Option("--email", metavar="E", help="The e-mail address, whole.")]


class Heard(StrEnum):
    """Through what a person said so."""

    APP = Channel.APP.value
    EMAIL = Channel.EMAIL.value
    OPERATOR = Channel.OPERATOR.value


Through = Annotated[
    Heard, typer.Option("--channel", help="Through what the person said so: kept as evidence.")
]


@app.callback()
def group() -> None:
    """Who gets the newsletter, and the evidence that they want it."""


@app.command("status")
def status_(email: Email, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show the consents for an address, in every license, and whether it is suppressed."""
    found = operate(lambda context: newsletter.status(context, email), data_dir, as_json=as_json)
    _print(found, as_json=as_json)


@app.command()
def confirm(
    email: Email,
    channel: Through = Heard.OPERATOR,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Confirm that the person of an address wants the newsletter that an app asked for."""
    found = operate(
        lambda context: newsletter.confirm(context, email, Channel(channel)),
        data_dir,
        as_json=as_json,
    )
    _print(found, as_json=as_json)


@app.command()
def withdraw(
    email: Email,
    channel: Through = Heard.OPERATOR,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Send an address no newsletter any more, whoever asks, until the person confirms anew."""
    found = operate(
        lambda context: newsletter.withdraw(context, email, Channel(channel)),
        data_dir,
        as_json=as_json,
    )
    _print(found, as_json=as_json)


@app.command("list")
def list_(
    reason: Annotated[
        str, typer.Option("--reason", metavar="R", help="Why they must be seen in clear.")
    ],
    evidence: Annotated[
        bool, typer.Option("--evidence", help="With the wording, times and channels.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the addresses that get the newsletter, in clear, each once."""
    if not reason.strip():
        raise typer.BadParameter("Say why the addresses must be seen in clear: --reason.")

    async def work(context: Context) -> list[dict[str, Any]]:
        documents = []
        async for recipient in newsletter.recipients(context, reason):
            if as_json:
                documents.append(_recipient(recipient, evidence=evidence))
            else:
                out.print(_line(recipient, evidence=evidence), markup=False, soft_wrap=True)
        return documents

    documents = operate(work, data_dir, as_json=as_json)
    if as_json:
        print_json({"recipients": documents})


def _print(status: Status, *, as_json: bool) -> None:
    since = status.suppressed_since
    if as_json:
        consents = [(each.license_id, each.consent) for each in status.consents]
        print_json(newsletter_report.status(consents, since, gets=status.gets_newsletter))
        return
    out.print(f"The address gets {'the' if status.gets_newsletter else 'no'} newsletter.")
    if since is not None:
        out.print(f"Suppressed since {rfc3339(since)}: the person withdrew.")
    for each in status.consents:
        line = f"{each.license_id}  {each.consent.state}: {_told(each.consent)}"
        out.print(line, markup=False, soft_wrap=True)


def _told(consent: Consent) -> str:
    told = (
        f"asked {rfc3339(consent.asked_at)} through {consent.channel}, "
        f"version {consent.app_version}, wording {consent.wording}"
    )
    for step, at, by in (
        ("confirmed", consent.confirmed_at, consent.confirmed_by),
        ("withdrawn", consent.withdrawn_at, consent.withdrawn_by),
    ):
        told += f"; {step} {rfc3339(at)} through {by}" if at else ""
    return told


def _recipient(recipient: Recipient, *, evidence: bool) -> dict[str, Any]:
    more = newsletter_report.consent(recipient.consent) if evidence else {}
    return {"email": recipient.email, **more}


def _line(recipient: Recipient, *, evidence: bool) -> str:
    return f"{recipient.email}  {_told(recipient.consent)}" if evidence else recipient.email
