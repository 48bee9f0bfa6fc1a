"""`activation-server policy …`."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

import typer
from rich.table import Table

from activation_server.cli import terms
from activation_server.cli.operate import AsJson, DataDir, operate, out, print_json
from activation_server.formats import admin_api
from activation_server.services import products
from activation_server.services.context import Context
from activation_server.services.products import Policy

app = typer.Typer(no_args_is_help=True)

_USE_CASES: Mapping[str, Callable[[Context, str, str, Mapping[str, object]], Awaitable[Policy]]] = {
    "add": products.add_policy,
    "set": products.set_policy,
}


@app.command("set", help="Change terms of a policy. Its licenses get them at their next check-in.")
@app.command("add", help="Add a policy. What is not given: one seat, for ever, checked weekly.")
def add_or_set(
    command: typer.Context,
    name: Annotated[str, typer.Argument(help="Its name, unique in its product.")],
    product: Annotated[str, typer.Option("--product", metavar="CODE", help="The product's code.")],
    seats: terms.Seats = None,
    term_days: terms.TermDays = None,
    term_from: terms.TermStart = None,
    grace_days: terms.GraceDays = None,
    maintenance_days: terms.MaintenanceDays = None,
    max_version: terms.MaxVersion = None,
    edition: terms.Edition = None,
    feature: terms.Feature = None,
    check_in_days: terms.CheckInDays = None,
    certificate_days: terms.CertificateDays = None,
    overage: terms.Overuse = None,
    transfers: terms.Transfers = None,
    transfer_days: terms.TransferDays = None,
    clone: terms.Clone = None,
    clone_certificate_hours: terms.CloneCertificateHours = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a policy or change one: the same options, by the command's name."""
    given = terms.changes(
        seats=seats,
        certificate_days=certificate_days,
        transfers=transfers,
        overage=overage,
        transfer_days=transfer_days,
        clone=clone,
        clone_certificate_hours=clone_certificate_hours,
        features=feature,
        term_days=term_days,
        term_from=term_from,
        grace_days=grace_days,
        maintenance_days=maintenance_days,
        max_version=max_version,
        edition=edition,
        check_in_days=check_in_days,
    )
    use_case = _USE_CASES[command.info_name or ""]
    policy = operate(
        lambda context: use_case(context, product, name, given), data_dir, as_json=as_json
    )
    document = admin_api.policy(policy.product, policy.name, policy.terms)
    if as_json:
        print_json(document)
    else:
        _print_policy(document)


def _print_policy(document: Mapping[str, object]) -> None:
    table = Table("Term", "Value", title=f"Policy {document['name']} of {document['product']}")
    for term, value in document.items():
        if term not in {"product", "name"}:
            table.add_row(term, "-" if value in (None, []) else str(value))
    out.print(table)
