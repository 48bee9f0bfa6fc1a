"""`activation-server staff …`."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from rich.table import Table

from activation_server.cli.operate import AsJson, DataDir, Why, operate, out, print_json
from activation_server.formats import staff_report
from activation_server.formats.times import rfc3339
from activation_server.rules.permissions import Role
from activation_server.services import staff, staff_identities
from activation_server.services.context import Context
from activation_server.services.staff import Link, Staff

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name they sign in with.")]
RoleOption = Annotated[Role, typer.Option("--role", help="What they may do: docs/console.md.")]

Email = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Whom the identity provider knows by it: see `email`."),
]
Issuer = Annotated[
    str | None,
    typer.Option(metavar="URL", help="The server's public URL (or ACTIVATION_ISSUER)."),
]


@app.callback()
def group() -> None:
    """The vendor's staff: who gets into the console, and what they may do there."""


@app.command()
def add(
    name: Name,
    role: RoleOption,
    email: Email = None,
    reason: Why = None,
    issuer: Issuer = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add somebody; print a link, good for one use, that they choose their password with."""
    link = operate(
        lambda context: staff_identities.add(context, name, role, email, why=reason),
        data_dir,
        as_json=as_json,
        issuer=issuer,
    )
    _print_link(link, f"{link.of.name} is added as {role}.", as_json=as_json)


@app.command("link")
def make_link(
    name: Name,
    reason: Why = None,
    issuer: Issuer = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Print a new link for who forgot the password or lost the phone; an earlier one is void."""
    link = operate(
        lambda context: staff.make_link(context, name, why=reason),
        data_dir,
        as_json=as_json,
        issuer=issuer,
    )
    told = f"{link.of.name} chooses another password and app; until then the old ones hold."
    _print_link(link, told, as_json=as_json)


@app.command("list")
def list_(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List everybody, by name."""
    found = operate(staff.list_all, data_dir, as_json=as_json)
    if as_json:
        print_json({"staff": [_document(each) for each in found]})
    elif found:
        columns = ("Name", "Role", "Standing", "Single sign-on", "Added", "Link until")
        table = Table(*columns, box=None, pad_edge=False)
        for each in found:
            until = "" if each.link_until is None else rfc3339(each.link_until)
            day = str(each.added_at.date())
            sso = each.single_sign_on or ""
            table.add_row(each.name, each.role, each.standing, sso, day, until)
        out.print(table)
    else:
        out.print("There is nobody yet: add the first with `staff add NAME --role administrator`.")


@app.command("role")
def set_role(
    name: Name,
    role: Annotated[Role, typer.Argument(metavar="ROLE", help="Their new role.")],
    reason: Why = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give somebody another role, from their next click on."""
    _change(
        lambda context: staff.set_role(context, name, role, why=reason),
        lambda changed: f"{changed.name} is {changed.role} now.",
        data_dir,
        as_json=as_json,
    )


@app.command()
def disable(
    name: Name, reason: Why = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Let somebody in no more: their sessions end at once."""
    _change(
        lambda context: staff.disable(context, name, why=reason),
        lambda changed: f"{changed.name} is disabled, and signed out everywhere.",
        data_dir,
        as_json=as_json,
    )


@app.command()
def enable(
    name: Name, reason: Why = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Let somebody in again, with the password they had."""
    _change(
        lambda context: staff.enable(context, name, why=reason),
        lambda changed: f"{changed.name} is {changed.standing} again.",
        data_dir,
        as_json=as_json,
    )


@app.command("email")
def expect_email(
    name: Name,
    email: Annotated[str, typer.Argument(metavar="ADDRESS", help="Their address there.")],
    reason: Why = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let who signs in at the identity provider with this address be them, from then on."""
    _change(
        lambda context: staff_identities.expect(context, name, email, why=reason),
        lambda changed: f"The first account with this address is linked to {changed.name}.",
        data_dir,
        as_json=as_json,
    )


@app.command()
def unlink(
    name: Name, reason: Why = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Forget somebody's account at the identity provider; what they are signed in to goes on."""
    _change(
        lambda context: staff_identities.unlink(context, name, why=reason),
        lambda changed: f"{changed.name} signs in with the identity provider no more.",
        data_dir,
        as_json=as_json,
    )


@app.command("sessions")
def list_sessions(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Of one; without it, of all.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the browsers that are signed in, used last first."""
    found = operate(lambda context: staff.sessions(context, name), data_dir, as_json=as_json)
    if as_json:
        print_json({"sessions": [staff_report.session(each) for each in found]})
    elif found:
        table = Table("Name", "Role", "Since", "Used last", box=None, pad_edge=False)
        for each in found:
            table.add_row(each.name, each.role, rfc3339(each.began_at), rfc3339(each.seen_at))
        out.print(table)
    else:
        out.print("Nobody is signed in.")


@app.command("sign-out")
def sign_out(
    name: Name, reason: Why = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """End all of somebody's sessions."""
    ended = operate(
        lambda context: staff.sign_out(context, name, why=reason), data_dir, as_json=as_json
    )
    if as_json:
        print_json({"sessions_ended": ended})
    else:
        out.print(f"Sessions ended: {ended}.")


def _change(
    work: Callable[[Context], Awaitable[Staff]],
    told: Callable[[Staff], str],
    data_dir: DataDir,
    *,
    as_json: bool,
) -> None:
    changed = operate(work, data_dir, as_json=as_json)
    if as_json:
        print_json(_document(changed))
    else:
        out.print(told(changed), soft_wrap=True)


def _print_link(link: Link, told: str, *, as_json: bool) -> None:
    if as_json:
        print_json({**_document(link.of), "link": link.url})
        return
    out.print(told, soft_wrap=True)
    out.print(f"Give them this link, good for one use until {rfc3339(link.until)}:\n")
    out.print(link.url, markup=False, soft_wrap=True)


def _document(member: Staff) -> staff_report.Json:
    document = staff_report.member(
        member.name, member.role, member.standing, member.added_at, member.link_until
    )
    return {**document, "single_sign_on": member.single_sign_on}
