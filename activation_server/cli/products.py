"""`activation-server product …`."""

from typing import Annotated

import typer

from activation_server.cli.operate import AsJson, DataDir, Why, operate, out, print_json
from activation_server.rules.signing_keys import Algorithm
from activation_server.services import products

app = typer.Typer(no_args_is_help=True)


def _code(text: str) -> str:
    if not 1 <= len(text.strip()) <= 64 or "\x00" in text:
        msg = "a product code has 1 to 64 characters"
        raise typer.BadParameter(msg)
    return text.strip()


@app.callback()
def group() -> None:
    """Products that licenses are sold for."""


@app.command()
def add(
    code: Annotated[str, typer.Argument(help="What apps send as `product`.", callback=_code)],
    name: Annotated[str, typer.Option("--name", metavar="N", help="What people read.")],
    algorithm: Annotated[
        Algorithm,
        typer.Option(
            help="`alg` of certificates: EdDSA, which most libraries know, or RFC 9864's."
        ),
    ] = Algorithm.EDDSA,
    reason: Why = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a product. It starts with the policy `standard`: one seat, for ever."""
    names = operate(
        lambda context: products.add_product(context, code, name, algorithm.value, reason),
        data_dir,
        as_json=as_json,
    )
    if as_json:
        print_json({"code": code, "name": name, "policies": names})
    else:
        out.print(f"Added product [bold]{code}[/] with the policy {', '.join(names)}.")
        out.print(f"Issue a license: activation-server license issue --product {code}", style="dim")
