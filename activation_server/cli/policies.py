"""`activation-server policy …`."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

import typer
from rich.table import Table

from activation_server.cli.operate import AsJson, DataDir, Why, operate, out, print_json
from activation_server.cli.terms import taking_terms
from activation_server.formats import admin_api
from activation_server.services import products
from activation_server.services.products import Policy

app = typer.Typer(no_args_is_help=True)

_USE_CASES: Mapping[str, Callable[..., Awaitable[Policy]]] = {
    "add": products.add_policy,
    "set": products.set_policy,
}


@app.command("set", help="Change terms of a policy. Its licenses get them at their next check-in.")
@app.command("add", help="Add a policy. What is not given: one seat, for ever, checked weekly.")
@taking_terms
def add_or_set(
    command: typer.Context,
    name: Annotated[str, typer.Argument(help="Its name, unique in its product.")],
    product: Annotated[str, typer.Option("--product", metavar="CODE", help="The product's code.")],
    terms: Mapping[str, object],
    reason: Why = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a policy or change one: the same options, by the command's name."""
    use_case = _USE_CASES[command.info_name or ""]
    policy = operate(
        lambda context: use_case(context, product, name, terms, reason=reason),
        data_dir,
        as_json=as_json,
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
            table.add_row(term, _shown(value))
    out.print(table)


def _shown(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case None | []:
            return "-"
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)
