"""`activation-server privacy correct`: a person's data put right on their word."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from activation_server.cli.operate import AsJson, DataDir, operate, out, print_json
from activation_server.services import rectification, tool_calls
from activation_server.services.context import Context
from activation_server.services.rectification import Corrected, Correction

app = typer.Typer()

Right = Annotated[str | None, typer.Option(metavar="T", help='What is right; "" takes it away.')]


@app.command()
def correct(
    reason: Annotated[
        str,
        typer.Option("--reason", metavar="R", help="Why, for the history and the audit log."),
    ],
    email: Annotated[
        str | None,
        typer.Option("--email", metavar="E", help="Whom: the e-mail address so far, whole."),
    ] = None,
    license_id: Annotated[
        UUID | None,
        typer.Option("--license", metavar="ID", help="Or whom: the license, with --person."),
    ] = None,
    person_id: Annotated[
        UUID | None,
        typer.Option("--person", metavar="ID", help="… as `license show --json` has it."),
    ] = None,
    name: Right = None,
    company: Right = None,
    new_email: Right = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be; change nothing.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Put right a person's name, company or e-mail address: in every license, or in one."""
    if (email is None) == (license_id is None) or (license_id is None) != (person_id is None):
        raise typer.BadParameter("Name the person by --email, or by --license and --person.")
    values = {"name": name, "company": company, "email": new_email}
    right = {each: text or None for each, text in values.items() if text is not None}
    correction = Correction(right, reason)

    async def work(context: Context) -> Corrected:
        if license_id is not None and person_id is not None:
            return await rectification.correct_one(context, license_id, person_id, correction)
        return await rectification.correct(context, email or "", correction)

    done = operate(
        lambda context: tool_calls.undone(context, work) if dry_run else work(context),
        data_dir,
        as_json=as_json,
    )
    if as_json:
        licenses = [str(each) for each in done.licenses]
        print_json({"dry_run": dry_run, **asdict(done), "licenses": licenses})
    else:
        _print(done, dry_run=dry_run)


def _print(done: Corrected, *, dry_run: bool) -> None:
    if not done.people:
        out.print("Nothing is to be put right: it is so already, or nobody has this address.")
        return
    told = "A dry run: nothing was changed. To be put right" if dry_run else "Put right"
    count = len(done.licenses)
    out.print(f"{told}: {', '.join(done.fields)}, in {count} license{'s' if count != 1 else ''}.")
    if done.consents_ended:
        ends = "would end" if dry_run else "ended"
        out.print(f"Consents to the newsletter that {ends}, for the old address:", end=" ")
        out.print(done.consents_ended)
