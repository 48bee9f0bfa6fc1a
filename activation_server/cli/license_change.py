"""`activation-server license renew` and `license set`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape

from activation_server.cli.licenses import Buyer, KeyOrId, OrderReference, document, end
from activation_server.cli.operate import AsJson, DataDir, Reason, operate, out, print_json
from activation_server.cli.terms import NAMES, NONE, taking_terms
from activation_server.formats.times import rfc3339
from activation_server.rules.license import MOST_DAYS
from activation_server.rules.license_change import EXPIRES, MAINTENANCE_UNTIL
from activation_server.rules.person import Person
from activation_server.rules.renewal import Renewal, Start
from activation_server.services import license_change, trial_sale
from activation_server.services.license_change import Changed, NewTerms
from activation_server.services.products import STANDARD
from activation_server.services.trial_sale import Sale

app = typer.Typer()


@app.command()
def renew(
    key_or_id: KeyOrId,
    reason: Reason,
    days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_DAYS,
            metavar="N",
            help="Days to add; with neither option, as many as its term has.",
        ),
    ] = None,
    maintenance_days: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_DAYS, metavar="N", help="Days to add to its maintenance."),
    ] = None,
    start: Annotated[
        Start,
        typer.Option(
            "--from", help="Count from its end, from now, or from its end unless that is over."
        ),
    ] = Start.END_OR_NOW,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what it would become; change nothing.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Renew a license, or its maintenance. Its computers see it at their next check-in."""
    wanted = Renewal(days, maintenance_days, start)
    changed = operate(
        lambda context: license_change.renew(context, key_or_id, wanted, reason, dry_run=dry_run),
        data_dir,
        as_json=as_json,
    )
    if as_json:
        print_json(document(changed.view))
    else:
        _print_changed(changed, "Would be renewed" if dry_run else "Renewed")


@app.command("set")
@taking_terms
def set_(
    key_or_id: KeyOrId,
    reason: Reason,
    policy: Annotated[
        str | None, typer.Option(metavar="NAME", help="Move it to this policy of its product.")
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(metavar="T|none", help="When it ends: a date or time; none: by its term."),
    ] = None,
    maintenance_until: Annotated[
        str | None,
        typer.Option(metavar="T|none", help="The same for its maintenance."),
    ] = None,
    reset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TERM",
            help="A term whose value in the policy holds again, as `seats`; repeatable.",
        ),
    ] = None,
    *,
    terms: Mapping[str, object],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change single terms of one license. Its computers see it at their next check-in."""
    ends = {EXPIRES: expires, MAINTENANCE_UNTIL: maintenance_until}
    new = NewTerms(
        policy=policy,
        terms=terms,
        reset=_terms_named(reset or []),
        ends={
            name: None if text == NONE else end(text)
            for name, text in ends.items()
            if text is not None
        },
    )
    _refuse_wrong_use(new)
    changed = operate(
        lambda context: license_change.set_terms(context, key_or_id, new, reason),
        data_dir,
        as_json=as_json,
    )
    if as_json:
        print_json(document(changed.view))
    else:
        _print_changed(changed, "Set")


@app.command()
@taking_terms
def convert(
    key_or_id: KeyOrId,
    reason: Reason,
    policy: Annotated[
        str, typer.Option(metavar="NAME", help="The policy that it is sold by.")
    ] = STANDARD,
    expires: Annotated[
        str | None,
        typer.Option(metavar="T", help="When it ends: a date or time; else by its term, from now."),
    ] = None,
    order: OrderReference = None,
    name: Buyer = None,
    company: Buyer = None,
    email: Buyer = None,
    *,
    terms: Mapping[str, object],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Turn a trial into a license. Its computers work on, with the same key."""
    buyer = Person(name or None, company or None, email or None)
    sale = Sale(policy, terms, end(expires), order, buyer)
    changed = operate(
        lambda context: trial_sale.convert(context, key_or_id, sale, reason),
        data_dir,
        as_json=as_json,
    )
    if as_json:
        print_json(document(changed.view))
    else:
        _print_changed(changed, "Turned into a license")


def _terms_named(names: Sequence[str]) -> Sequence[str]:
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        msg = f"--reset takes a term's name: {', '.join(NAMES)}"
        raise typer.BadParameter(msg)
    return tuple(NAMES[name] for name in names)


def _refuse_wrong_use(new: NewTerms) -> None:
    if new == NewTerms():
        msg = "give a term to set, --reset, --policy, --expires or --maintenance-until"
        raise typer.BadParameter(msg)
    both = set(new.terms) & set(new.reset)
    if both:
        msg = f"{', '.join(sorted(both))}: set it, or --reset it, not both"
        raise typer.BadParameter(msg)


def _print_changed(changed: Changed, done: str) -> None:
    status = changed.view.license.status.value
    out.print(f"{done}: license …{escape(changed.view.key_tail)}, which is {status}.")
    for name, change in changed.changes.items():
        before, after = _shown(change.before), _shown(change.after)
        setter = "this license" if name in changed.own else "its policy"
        as_before = f"{after} as before, set by {setter} now"
        told = as_before if after == before else f"{before} → {after}"
        out.print(f"  {name.replace('_', ' ')}: {told}", markup=False, soft_wrap=True)
    if not changed.changes:
        out.print("  Nothing changed.")


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, tuple):
        return ", ".join(value) or NONE
    return NONE if value is None else str(value)
