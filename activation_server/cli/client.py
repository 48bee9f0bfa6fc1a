"""`activation-server client …`: the reference desktop client at the command line."""

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from rich.console import Console

from activation_server import base64url
from activation_server.client import CHANCE, Client
from activation_server.client_certificate import ANY_KID, CertificateError
from activation_server.client_state import StateError, read_computer
from activation_server.client_transport import (
    Answer,
    ClientError,
    MisuseError,
    RefusedError,
    Transport,
    UnreachableError,
    connection,
    read_jwks,
)
from activation_server.hardware_probe import UnidentifiableError

app = typer.Typer(
    no_args_is_help=True,
    help="The reference desktop client: activates this computer as an app would.",
)

Json = dict[str, Any]

REFUSED, MISUSED = 1, 2  # exit codes

out, err = Console(), Console(stderr=True)

# What `verify` and a rejected certificate say, in plain words.
REASONS: Final[Mapping[str, str]] = {
    "valid": "The activation is valid on this computer.",
    "not_activated": "This computer is not activated.",
    "state_damaged": "The state file can't be read. Move it away and activate again.",
    "malformed": "The certificate is damaged, or of another kind than this app accepts.",
    "unsupported_version": "The certificate is of a newer kind than this app understands.",
    "unknown_key": "The certificate was signed with a key that this app does not trust.",
    "bad_signature": "The certificate was changed after it was signed.",
    "wrong_nonce": "The certificate answers another request: an old answer was played back.",
    "wrong_issuer": "The certificate is from another license server.",
    "wrong_audience": "The certificate is for another product.",
    "wrong_activation": "The certificate belongs to another activation.",
    "seq_went_back": "The certificate is older than one that was seen before.",
    "wrong_computer": "The certificate was issued for another computer.",
    "expired": "The certificate has expired. The app must check in with the license server.",
    "clock_set_back": "The clock was set back past the certificate's end. The app must check in.",
}
STATUSES: Final[Mapping[str, str]] = {
    "activated": "This computer is activated now.",
    "already_activated": "This computer held a seat already, and goes on with it.",
    "reactivated": "Checked in: this computer has a new certificate.",
    "deactivated": "The seat was given back. The app is no longer activated here.",
}
# What to do at this command line, where the server's sentence speaks to the user of an app.
ADVICE: Final[Mapping[str, str]] = dict.fromkeys(
    ("ACTIVATION_NOT_FOUND", "ACTIVATION_REMOVED"),
    "Run `client activate` with the same --state: it remembers the license key.",
)

StateFile = Annotated[
    Path, typer.Option("--state", metavar="FILE", help="Where the client remembers.")
]
Server = Annotated[str, typer.Option("--server", metavar="URL", help="The license server.")]
Key = Annotated[str, typer.Option("--key", metavar="K", help="License key; remembered.")]
Product = Annotated[str, typer.Option("--product", metavar="P", help="Product code; remembered.")]
Name = Annotated[str | None, typer.Option(help="The user's name.")]
Company = Annotated[str | None, typer.Option(help="The user's company.")]
Email = Annotated[str | None, typer.Option(help="The user's e-mail address.")]
Comments = Annotated[str | None, typer.Option(help="What the user wants to say.")]
Newsletter = Annotated[
    bool | None, typer.Option("--newsletter/--no-newsletter", help="Consent to a newsletter.")
]
AppVersion = Annotated[str, typer.Option(help="The app's version.")]
AppEdition = Annotated[str | None, typer.Option(help="The app's edition.")]
AppReleased = Annotated[
    str | None, typer.Option(metavar="YYYY-MM-DD", help="The day that version came out.")
]
AppLanguage = Annotated[str | None, typer.Option(help="The app's language.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; the server's as it came.")]
Hardware = Annotated[
    Path | None,
    typer.Option("--hardware", metavar="FILE", help="JSON of another computer, to play it."),
]
PublicKey = Annotated[
    Path | None,
    typer.Option("--public-key", metavar="FILE", help="JWKS or PEM: trust this key alone."),
]
CaFile = Annotated[
    Path | None,
    typer.Option("--ca-file", metavar="FILE", help="PEM of the authority to trust for HTTPS."),
]
AllowHttp = Annotated[
    bool, typer.Option("--allow-http", help="Take plain HTTP from other computers, too.")
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Try once, not a few times.")]


@app.command("trial", help="Start a trial on this computer; no key is needed.")
@app.command("activate", help="Take a seat of the license for this computer.")
@app.command("reactivate", help="Check in: get a new certificate for this computer's seat.")
def take_seat(
    ctx: typer.Context,
    state: StateFile,
    server: Server = "",
    key: Key = "",
    product: Product = "",
    hardware: Hardware = None,
    name: Name = None,
    company: Company = None,
    email: Email = None,
    comments: Comments = None,
    newsletter: Newsletter = None,
    app_version: AppVersion = "1.0",
    app_edition: AppEdition = None,
    app_released: AppReleased = None,
    app_language: AppLanguage = None,
    public_key: PublicKey = None,
    ca_file: CaFile = None,
    allow_http: AllowHttp = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Take a seat, or check in: all of them send the same fields."""
    person = {
        "name": name,
        "company": company,
        "email": email,
        "comments": comments,
        "newsletter": newsletter,
    }
    details = given(person)
    details["app"] = program(app_version, app_edition, app_released, app_language)
    with told(as_json=as_json):
        client = Client(
            state,
            server,
            shipped_keys=read_keys(public_key),
            simulated=read_computer_file(hardware),
            transport=make_transport(ca_file, allow_http=allow_http, no_wait=no_wait),
        )
        if ctx.command.name == "trial":
            answer = _send(client, lambda: client.start_trial(product.strip(), details))
        elif ctx.command.name == "activate":
            answer = _send(client, lambda: client.activate(key.strip(), product.strip(), details))
        else:
            named = given({"license_key": key or None, "product": product or None})
            answer = _send(client, lambda: client.reactivate({**named, **details}))
        print_answer(answer, as_json=as_json)


@app.command()
def deactivate(
    state: StateFile,
    server: Server = "",
    key: Key = "",
    product: Product = "",
    hardware: Hardware = None,
    public_key: PublicKey = None,
    ca_file: CaFile = None,
    allow_http: AllowHttp = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Give this computer's seat back."""
    del key, product  # taken, so that the three commands can be called alike
    with told(as_json=as_json):
        client = Client(
            state,
            server,
            shipped_keys=read_keys(public_key),
            simulated=read_computer_file(hardware),
            transport=make_transport(ca_file, allow_http=allow_http, no_wait=no_wait),
        )
        print_answer(_send(client, client.deactivate), as_json=as_json)


@app.command()
def verify(
    state: StateFile,
    hardware: Hardware = None,
    public_key: PublicKey = None,
    as_json: AsJson = False,
) -> None:
    """Tell, without any network, whether this computer is activated."""
    with told(as_json=as_json):
        client = Client(
            state, shipped_keys=read_keys(public_key), simulated=read_computer_file(hardware)
        )
        verdict = client.verify()
    if as_json:
        typer.echo(json.dumps(verdict, ensure_ascii=False, indent=2))
    else:
        _print_verdict(verdict)
    if not verdict["valid"]:
        raise typer.Exit(REFUSED)


# ---- Options.


def given(values: Json) -> Json:
    """Leave out what was not given."""
    return {name: value for name, value in values.items() if value is not None}


def program(version: str, edition: str | None, released: str | None, language: str | None) -> Json:
    """Describe the app in a request."""
    return given(
        {"version": version, "edition": edition, "released": released, "language": language}
    )


def read_computer_file(path: Path | None) -> Json:
    """Read the description of a computer to play; empty without a file."""
    if path is None:
        return {}
    try:
        return read_computer(json.loads(path.read_bytes()))
    except OSError as error:
        raise MisuseError(f"{path} can't be read: {error.strerror}.") from None
    except (ValueError, TypeError) as error:
        raise MisuseError(f"{path} describes no computer: {error}.") from None


def read_keys(path: Path | None) -> dict[str, str] | None:
    """Read trusted keys: a JWK Set, or the PEM of one Ed25519 public key (RFC 8410)."""
    if path is None:
        return None
    try:
        data = path.read_bytes()
        if data.lstrip().startswith(b"{"):
            keys = read_jwks(json.loads(data))
        else:
            key = load_pem_public_key(data)
            raw = key.public_bytes_raw() if isinstance(key, Ed25519PublicKey) else b""
            keys = {ANY_KID: base64url.encode(raw)} if raw else {}
    except OSError as error:
        raise MisuseError(f"{path} can't be read: {error.strerror}.") from None
    except (ValueError, UnsupportedAlgorithm):
        keys = {}
    if not keys:
        raise MisuseError(f"{path} holds no Ed25519 public key, neither as JWKS nor as PEM.")
    return keys


def make_transport(ca_file: Path | None, *, allow_http: bool, no_wait: bool) -> Transport:
    """Make the way to the server; progress is told on standard error."""
    try:
        roots = None if ca_file is None else ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise MisuseError(f"{ca_file} holds no certificate authority: {error}.") from None
    return Transport(
        connect=lambda: connection(roots),
        chance=CHANCE,
        tell=lambda text: say(err, text),
        tries=1 if no_wait else 4,
        allow_http=allow_http,
    )


# ---- Words.


def say(console: Console, text: str) -> None:
    """Print text that may come from a server: nothing in it steers the terminal."""
    safe = "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
    console.print(safe, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def told(*, as_json: bool) -> Iterator[None]:
    """Tell people, or programs, why a command failed, and exit with 1, or 2 for wrong use."""
    try:
        yield
    except RefusedError as error:
        if as_json:
            typer.echo(error.answer.text)
        else:
            _print_problem(error.answer.body)
        raise typer.Exit(REFUSED) from None
    except (ClientError, StateError, UnidentifiableError) as error:
        if as_json and isinstance(error, UnreachableError) and error.answer:
            typer.echo(error.answer.text)
        elif as_json:
            reason = {"reason": error.reason} if isinstance(error, CertificateError) else {}
            typer.echo(json.dumps({"error": str(error), **reason}, ensure_ascii=False, indent=2))
        else:
            say(err, f"Error: {error}")
            if isinstance(error, CertificateError):
                say(err, f"{REASONS[error.reason]} What was stored before still counts.")
        wrong_use = isinstance(error, (MisuseError, StateError))
        raise typer.Exit(MISUSED if wrong_use else REFUSED) from None


def _send(client: Client, call: Callable[[], Answer]) -> Answer:
    """Send; where the server can't be reached, say how long the app works without it."""
    try:
        return call()
    except UnreachableError as error:
        said = [str(error)]
        if (verdict := client.verify())["valid"]:
            until = f"until {verdict['expires']}" if verdict["expires"] else "without an end"
            said.append(f"The app keeps working {until}.")
        said.append("The request is kept: run the command again to send it as it was.")
        raise UnreachableError(" ".join(said), error.answer) from None


def print_answer(answer: Answer, *, as_json: bool) -> None:
    """Print what the server answered; to people never the token or the certificate."""
    body = answer.body
    if as_json:
        typer.echo(answer.text)
        return
    say(out, STATUSES.get(str(body.get("status")), f"Done: {body.get('status')}."))
    seats = body.get("seats")
    if isinstance(seats, dict):
        limit = "unlimited" if seats.get("limit") is None else seats.get("limit")
        say(out, f"Seats in use: {seats.get('used')} of {limit}.")
    if "license_key" in body:
        say(out, f"The trial's key, for support: {body['license_key']}.")
    if "certificate" in body:
        until = body.get("certificate_expires")
        works = f"until {until}" if until else "without an end"
        say(out, f"Works without the server {works}; next check-in {body.get('check_in_after')}.")
    notices = body.get("notices")
    for notice in notices if isinstance(notices, list) else []:
        say(out, f"Notice: {notice.get('message')} [{notice.get('code')}]")


def _print_problem(problem: Json) -> None:
    code = str(problem.get("code"))
    say(err, f"Refused: {problem.get('detail') or problem.get('title')} [{code}]")
    evidence = problem.get("evidence")
    for name, value in evidence.items() if isinstance(evidence, dict) else ():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        say(err, f"  {name}: {shown}")
    if advice := ADVICE.get(code):
        say(err, advice)


def _print_verdict(verdict: Json) -> None:
    say(out, REASONS[verdict["reason"]])
    if verdict["activation_id"]:
        say(out, f"Product {verdict['product']}, activation {verdict['activation_id']}.")
        say(out, f"Works without the server until: {verdict['expires'] or 'no end'}.")
        due = ", due now" if verdict["check_in_due"] else ""
        say(out, f"Next check-in: {verdict['check_in_after'] or 'none'}{due}.")
    if missing := verdict["hardware"]["missing"]:
        say(out, f"Hardware that differs: {', '.join(missing)}.")
