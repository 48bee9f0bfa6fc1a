"""`activation-server license …`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from activation_server.bootstrap import utc_now
from activation_server.cli import license_import
from activation_server.cli.license_screen import print_license
from activation_server.cli.license_views import print_issued, print_list
from activation_server.cli.operate import (
    AsJson,
    DataDir,
    Reason,
    check_reveal,
    err,
    operate,
    out,
    print_json,
)
from activation_server.cli.terms import taking_terms
from activation_server.formats import admin_api, person
from activation_server.formats.times import parse_end
from activation_server.rules.person import Person
from activation_server.services import finding, key_replacement, licensing, transfers
from activation_server.services.licensing import LicenseView, Order
from activation_server.services.products import STANDARD

app = typer.Typer(no_args_is_help=True)
app.command("import")(license_import.import_)

KeyOrId = Annotated[str, typer.Argument(metavar="KEY_OR_ID", help="A license key or license id.")]
SHOWN_WHILE_ISSUING = 1000  # from this many licenses on, a progress bar is shown


def end(text: str | None) -> datetime | None:
    """Read an end as it was given. Raises typer.BadParameter."""
    try:
        return None if text is None else parse_end(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _person(parameter: typer.CallbackParam, text: str | None) -> str | None:
    fault = None if text is None else person.fault(str(parameter.name), text)
    if fault:
        raise typer.BadParameter(fault)
    return text


Buyer = Annotated[
    str | None, typer.Option(callback=_person, help="Of who bought it; stored sealed.")
]
OrderReference = Annotated[
    str | None,
    typer.Option(callback=_person, metavar="REF", help="The order's reference, to find it by."),
]


@app.command()
@taking_terms
def issue(
    product: Annotated[str, typer.Option(metavar="CODE", help="The product's code.")],
    policy: Annotated[str, typer.Option(metavar="P", help="The policy it takes.")] = STANDARD,
    expires: Annotated[
        str | None, typer.Option(metavar="T", help="When it ends: a date, or an RFC 3339 time.")
    ] = None,
    maintenance_until: Annotated[
        str | None, typer.Option(metavar="T", help="Versions released until then are covered.")
    ] = None,
    name: Buyer = None,
    company: Buyer = None,
    email: Buyer = None,
    order: OrderReference = None,
    count: Annotated[int, typer.Option(min=1, max=100_000, help="How many licenses.")] = 1,
    *,
    terms: Mapping[str, object],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Issue licenses: all of them, or none."""
    wanted = Order(
        product=product,
        policy=policy,
        overrides=terms,
        expires_at=end(expires),
        maintenance_until=end(maintenance_until),
        order_reference=order,
        count=count,
        buyer=Person(name or None, company or None, email or None),
    )
    columns = (TextColumn("Issuing"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, disable=count < SHOWN_WHILE_ISSUING) as progress:
        task = progress.add_task("issue", total=count)
        issued = operate(
            lambda context: licensing.issue(
                context, wanted, lambda done: progress.advance(task, done)
            ),
            data_dir,
            as_json=as_json,
        )
    documents = [document(view) for view in issued]
    if as_json:
        print_json(admin_api.licenses(documents))
    else:
        print_issued(documents)


@app.command()
def show(
    key_or_id: KeyOrId,
    reveal: Annotated[
        bool,
        typer.Option(
            "--reveal", help="Show people, and why a legal hold is, in clear; needs a reason."
        ),
    ] = False,
    reason: Annotated[
        str | None, typer.Option(metavar="R", help="Why they must be seen in clear.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show a license: what holds and why, its people, computers, what was refused, its history."""
    check_reveal(reveal=reveal, reason=reason)
    history = operate(
        lambda context: licensing.show(context, key_or_id, reason if reveal else None),
        data_dir,
        as_json=as_json,
    )
    shown = {
        **_found(history.view, clear=reveal),
        "explanation": list(history.explanation),
        "terms": admin_api.terms(history.terms, history.own_terms),
        "activations": [admin_api.activation(one, utc_now()) for one in history.activations],
        "events": [admin_api.event(one.at, one.kind, one.details) for one in history.events],
        "events_total": history.events_total,
        "refusals": [
            admin_api.refusal(one.at, one.code, one.times, one.evidence) for one in history.refusals
        ],
    }
    if as_json:
        print_json(shown)
    else:
        print_license(shown)


@app.command()
def find(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help="A key, its last five characters, an order reference, a license, activation or "
            "hardware id; words of a name, company or computer's name, an e-mail address, or a "
            "domain with an @ before it.",
        ),
    ],
    *,
    more: Annotated[
        bool,
        typer.Option(
            "--more", help=f"Up to {finding.SHOWN} licenses by people, not {finding.OF_PEOPLE}."
        ),
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Find licenses by what a customer or an app tells; at most 100, the newest first.

    Of those by people it gives 25; of more, any of them, and says so.
    """
    found = operate(
        lambda context: finding.find(context, text, more=more), data_dir, as_json=as_json
    )
    documents = [_found(view) for view in found.licenses]
    if as_json:
        print_json(admin_api.licenses(documents))
    else:
        print_list(documents)
    if not found.complete:
        asked = ", or ask for --more" if found.has_more() and not more else ""
        err.print(f"There may be others: add a word, or more letters of one{asked}.")


@app.command()
def note(
    key_or_id: KeyOrId,
    text: Annotated[
        str,
        typer.Option(metavar="T", help="What was said; it is sealed, and goes with the people."),
    ],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Note what support was told; it stands in the license's history, and counts as a contact."""
    view = operate(
        lambda context: licensing.note(context, key_or_id, text), data_dir, as_json=as_json
    )
    if as_json:
        print_json(document(view))
    else:
        out.print(f"Noted for license …{view.key_tail}.")


@app.command()
def suspend(
    key_or_id: KeyOrId, reason: Reason, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Put a license on hold: its computers are refused until it is reinstated."""
    _change("suspend", key_or_id, reason, data_dir, as_json=as_json)


@app.command()
def reinstate(
    key_or_id: KeyOrId, reason: Reason, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Make a suspended or revoked license work again."""
    _change("reinstate", key_or_id, reason, data_dir, as_json=as_json)


@app.command()
def revoke(
    key_or_id: KeyOrId, reason: Reason, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """End a license: refunded, charged back, or ended by the vendor."""
    _change("revoke", key_or_id, reason, data_dir, as_json=as_json)


@app.command("new-key")
def new_key(
    key_or_id: KeyOrId, reason: Reason, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Issue a new key for one that leaked. The old one is refused; its computers go on."""
    view = operate(
        lambda context: key_replacement.replace_key(context, key_or_id, reason),
        data_dir,
        as_json=as_json,
    )
    if as_json:
        print_json(document(view))
    else:
        out.print(f"The new key is {view.license_key}. Whoever uses the old one is told of it.")


@app.command("allow-transfer")
def allow_transfer(
    key_or_id: KeyOrId,
    reason: Reason,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take back one that was allowed and not used.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let an app give a seat back once more than the license's terms allow."""
    use_case = transfers.withdraw if withdraw else transfers.allow_one_more
    view = operate(lambda context: use_case(context, key_or_id, reason), data_dir, as_json=as_json)
    if as_json:
        print_json(document(view))
    else:
        more = "no more than its terms" if withdraw else "one more transfer, once"
        out.print(f"License …{view.key_tail} allows {more}.")


def _change(change: str, key_or_id: str, reason: str, data_dir: DataDir, *, as_json: bool) -> None:
    view = operate(
        lambda context: licensing.change_standing(context, key_or_id, change, reason),
        data_dir,
        as_json=as_json,
    )
    if as_json:
        print_json(document(view))
    else:
        out.print(f"License …{view.key_tail} is now [bold]{view.license.status.value}[/].")


def document(view: LicenseView) -> admin_api.Json:
    """Write a license as every command prints it."""
    return admin_api.license_(view.license, view.license_key, view.order_reference, utc_now())


def _found(view: LicenseView, *, clear: bool = False) -> admin_api.Json:
    """Write a license with its people and legal holds; `clear` tells the words of holds."""
    today = utc_now().date()
    return {
        **document(view),
        "holds": [admin_api.hold(each, today, clear=clear) for each in view.holds],
        "people": [admin_api.person(each) for each in view.people],
        "people_total": view.people_total,
    }
