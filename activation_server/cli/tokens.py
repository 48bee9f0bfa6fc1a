"""`activation-server token …`."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Column, Table

from activation_server.bootstrap import utc_now
from activation_server.cli.operate import AsJson, DataDir, Why, operate, out, print_json
from activation_server.formats import admin_api
from activation_server.rules.api_token import DAYS, MOST_DAYS, SCOPES, ApiToken, TokenOrder
from activation_server.rules.permissions import Permission
from activation_server.services import api_tokens

app = typer.Typer(no_args_is_help=True)


def _scope(text: str) -> Permission:
    if text not in SCOPES:
        msg = f"give one of {', '.join(SCOPES)}"
        raise typer.BadParameter(msg)
    return Permission(text)


@app.callback()
def group() -> None:
    """API tokens, with which the vendor's own tools call `/admin/v1`."""


@app.command()
def issue(
    name: Annotated[str, typer.Argument(help="What the audit log calls it: shop, crm …")],
    scope: Annotated[
        list[Permission],
        typer.Option(parser=_scope, metavar="S", help="What it may do; repeatable."),
    ],
    expires: Annotated[
        int, typer.Option(min=1, max=MOST_DAYS, metavar="DAYS", help="Days that it lasts.")
    ] = DAYS,
    reason: Why = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make an API token. It is printed this once: only a digest of it is kept."""
    order = TokenOrder(name, scope, expires)
    issued = operate(
        lambda context: api_tokens.issue(context, order, why=reason), data_dir, as_json=as_json
    )
    if as_json:
        print_json({**_document(issued.token), "token": issued.text})
        return
    out.print(issued.text, markup=False, soft_wrap=True)
    until = issued.token.expires_at.date()
    out.print(f"Keep it secret; it is shown this once. It lasts until {until}.", style="dim")


@app.command("list")
def list_(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List all API tokens, those that are taken no more too."""
    found = operate(api_tokens.list_all, data_dir, as_json=as_json)
    if as_json:
        print_json({"tokens": [_document(token) for token in found]})
    else:
        out.print(_table(found) if found else "There is no token.")


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="As `token list` shows it.")],
    reason: Why = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take an API token back, with those that it gave: the next call with it is refused."""
    revoked = operate(
        lambda context: api_tokens.revoke(context, name, why=reason), data_dir, as_json=as_json
    )
    if as_json:
        print_json({**_document(revoked.token), "revoked_too": list(revoked.given)})
        return
    out.print(f"The token {revoked.token.name} is revoked.", markup=False)
    if revoked.given:
        out.print(f"So are those that it gave: {', '.join(revoked.given)}.", markup=False)


def _document(token: ApiToken) -> admin_api.Json:
    return admin_api.api_token(token, utc_now())


def _table(found: Sequence[ApiToken]) -> Table:
    table = Table(
        Column("Name", no_wrap=True), "Standing", "Scopes", "Made by", "Expires", "Last used"
    )
    for token in found:
        table.add_row(
            token.name,
            token.standing(utc_now()).value,
            ", ".join(sorted(token.scopes)),
            token.made_by,
            str(token.expires_at.date()),
            "" if token.last_used is None else str(token.last_used),
        )
    return table
