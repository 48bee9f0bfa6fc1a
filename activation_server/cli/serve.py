"""`activation-server serve`."""

from pathlib import Path
from typing import Annotated

import typer

from activation_server import logs
from activation_server.cli.operate import DataDir, settings
from activation_server.settings import LogFormat

app = typer.Typer()


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(metavar="H", help="Address to serve on.")] = None,
    port: Annotated[int | None, typer.Option(metavar="P", help="Port; 0 takes a free one.")] = None,
    data_dir: DataDir = None,
    issuer: Annotated[
        str | None, typer.Option(metavar="URL", help="Public URL: the `iss` of certificates.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain for HTTPS.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Private key for HTTPS.")] = None,
    trusted_proxies: Annotated[
        str | None, typer.Option(help="Proxy addresses whose X-Forwarded-… are believed.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Processes that serve on the address.")
    ] = None,
    log_format: Annotated[LogFormat | None, typer.Option(help="How log lines look.")] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="With nothing sold yet, issue a license to try.")
    ] = False,
) -> None:
    """Serve apps. Without ACTIVATION_DATABASE_URL, on the embedded PostgreSQL."""
    chosen = settings(
        host=host,
        port=port,
        data_dir=data_dir,
        issuer=issuer,
        tls_cert=tls_cert,
        tls_key=tls_key,
        trusted_proxies=trusted_proxies,
        workers=workers,
        log_format=log_format,
    )
    logs.configure(chosen.log_format, chosen.log_level)
    from activation_server.cli.serving import run  # noqa: PLC0415 - it takes long to load

    run(chosen, demo=demo)
