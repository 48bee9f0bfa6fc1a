"""Each operator command leaves exactly the entries that it should; none is left out here."""

import getpass
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import text

from activation_server.cli.app import app
from activation_server.services import licensing
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.services.new_seat import activate
from activation_server.store.database import Connection
from tests.cli.conftest import Commands
from tests.conftest import World
from tests.services.calls import PRODUCT, granted, issue_one, make_request
from tests.services.staff import member

CANARY = "Zoë Canary-9713"
REASON = ("--reason", CANARY)
EMAIL = ("--email", f"{CANARY.replace(' ', '.')}@example.com")
SCOPES = ("--scope", "licenses:read", "--scope", "licenses:issue")
CSV = f"license_key,product\nOLD-1,{PRODUCT}\nOLD-2,{PRODUCT}\n"

# Why a command needs no entry.
EXEMPT = {
    "serve": "it is no look-up; apps' calls are in the licenses' histories",
    "client": "the customer's side, without the server's data",
    "schemas": "the published contract",
    "db upgrade": "the schema, whose migrations are public",
    "privacy map": "what columns there are, not what is in them",
    "keys make-master-key": "writes a file, without a database",
    "keys list": "public keys",
    "release list": "the vendor's own catalogue",
    "privacy correct": "an entry for each license: tests/services/test_rectification.py",
    "privacy replay": "notes what it did after a restore: tests/services/test_erasure.py",
    "newsletter confirm": "needs an app's wish first: tests/services/test_newsletter.py",
    "archive": "files of their own, which the server can't read; moving licenses is a run's",
    "staff list": "the vendor's own staff",
    "staff sessions": "the vendor's own staff",
    "retention show": "how long classes of data are kept",
    "retention preview": "counts of classes of data",
    "retention reviews": "counts of classes of data",
    "token list": "names of the vendor's own tools",
    "audit list": "reading the log is itself not noted",
    "audit verify": "reading the log is itself not noted",
    "audit checkpoint": "signs the log, and so is in its checkpoints",
}

# Run in this order. What each leaves: of each entry its action, its subject ("…": a new key), its
# details, and whether it is of the license. `{key}`, `{id}`, `{seat}`, `{kid}` and `{csv}` stand
# for what there is.
Left = list[tuple[str, str | None, dict[str, Any], bool]]
POLICY = f"{PRODUCT}/standard"
NOTED: list[tuple[str, tuple[str, ...], Left]] = [
    ("license find", ("{key}",), [("looked_up", None, {"found": 1}, True)]),
    ("license find", (CANARY,), [("looked_up", None, {"found": 0}, False)]),
    ("license show", ("{key}",), [("shown", None, {}, True)]),
    ("license show", ("{id}",), [("shown", None, {}, True)]),
    ("license show", ("{key}", "--reveal", *REASON), [("revealed", None, {}, True)]),
    ("license show", (CANARY,), []),
    (
        "license issue",
        ("--product", PRODUCT, "--count", "3", "--order", CANARY, "--name", CANARY, *EMAIL),
        [("issued", POLICY, {"count": 3}, False)],
    ),
    ("license issue", ("--product", "none"), []),
    (
        "privacy wish",
        (*EMAIL, "--months", "6"),
        [("wish_noted", None, {"people": 3, "months": 6}, False)],
    ),
    ("privacy export", EMAIL, [("exported", None, {"people": 3, "licenses": 3}, False)]),
    ("privacy erase", (*EMAIL, "--dry-run"), []),
    (
        "privacy erase",
        EMAIL,
        [("erased", None, {"people": 3, "computers": 0, "licenses": 3}, False)],
    ),
    ("privacy erase", EMAIL, []),
    ("privacy export", EMAIL, []),
    ("newsletter status", EMAIL, [("looked_up", None, {"found": 0}, False)]),
    ("newsletter confirm", EMAIL, []),
    ("newsletter withdraw", EMAIL, [("newsletter_withdrawn", None, {"consents": 0}, False)]),
    ("newsletter withdraw", EMAIL, []),
    ("newsletter list", REASON, [("revealed", "newsletter", {}, False)]),
    ("hold place", ("{key}", *REASON, "--ordered-by", "Court", "--until", "2026-01-01"), []),
    (
        "hold place",
        ("{key}", *REASON, "--ordered-by", CANARY, "--until", "2030-01-01", "--json"),
        [("hold_placed", "…", {"until": "2030-01-01", "person": False}, True)],
    ),
    ("hold list", ("--reveal", *REASON), [("revealed", None, {"holds": 1}, False)]),
    ("hold lift", ("{hold}", *REASON), [("hold_lifted", "{hold}", {}, True)]),
    ("hold lift", ("{hold}", *REASON), []),
    (
        "retention set",
        ("comments", "--months", "3", *REASON),
        [("retention_set", "comments", {"from": "24 months", "to": "3 months"}, False)],
    ),
    ("retention set", ("comments", "--months", "3"), []),
    ("retention run", (), [("retention_run", None, {}, False)]),
    (
        "keys rotate-master-key",
        (),
        [("master_key_rotated", None, {"keys": 1, "old_key_kept": False}, False)],
    ),
    ("license import", ("{csv}", "--dry-run"), []),
    ("license import", ("{csv}",), [("imported", None, {"imported": 2, "skipped": 0}, False)]),
    ("license note", ("{key}", "--text", CANARY), [("noted", None, {}, True)]),
    ("license note", ("{key}", "--text", " "), []),
    ("license suspend", ("{key}", *REASON), [("suspended", None, {}, True)]),
    ("license suspend", ("{key}", *REASON), []),
    ("license reinstate", ("{key}", *REASON), [("reinstated", None, {}, True)]),
    ("license reinstate", ("{key}", *REASON), []),
    ("license renew", ("{key}", "--days", "9", "--dry-run", *REASON), []),
    (
        "license renew",
        ("{key}", "--days", "9", *REASON),
        [
            (
                "renewed",
                None,
                {
                    "changes": {
                        "expires": {"from": "2100-01-01T00:00:00Z", "to": "2100-01-10T00:00:00Z"}
                    }
                },
                True,
            )
        ],
    ),
    ("license set", ("{key}", "--seats", "1", *REASON), []),
    (
        "license set",
        ("{key}", "--seats", "5", "--feature", "a", *REASON),
        [
            (
                "terms_changed",
                None,
                {
                    "changes": {
                        "seats": {"from": 1, "to": 5},
                        "features": {"from": [], "to": ["a"]},
                    }
                },
                True,
            )
        ],
    ),
    ("license allow-transfer", ("{id}", *REASON), []),  # not limited
    (
        "license set",
        ("{id}", "--transfers", "1", "--trial-days", "30", *REASON),
        [
            (
                "terms_changed",
                None,
                {
                    "changes": {
                        "transfers": {"from": None, "to": 1},
                        "trial_days": {"from": None, "to": 30},
                    }
                },
                True,
            )
        ],
    ),
    ("license allow-transfer", ("{id}", *REASON), [("transfer_allowed", None, {}, True)]),
    ("license allow-transfer", ("{id}", *REASON), []),
    (
        "license allow-transfer",
        ("{id}", "--withdraw", *REASON),
        [("transfer_withdrawn", None, {}, True)],
    ),
    (
        "license convert",
        ("{id}", *REASON),
        [
            (
                "trial_converted",
                None,
                {
                    "changes": {
                        "expires": {"from": "2100-01-10T00:00:00Z", "to": None},
                        "features": {"from": ["a"], "to": []},
                        "seats": {"from": 5, "to": 1},
                        "transfers": {"from": 1, "to": None},
                        "trial_days": {"from": 30, "to": None},
                    }
                },
                True,
            )
        ],
    ),
    ("license convert", ("{id}", *REASON), []),
    (
        "activation declare",
        ("{seat}", "--true", "latest", *REASON),
        [("branch_declared", "{seat}", {"true": "latest"}, True)],
    ),
    ("activation remove", ("{seat}", *REASON), [("activation_removed", "{seat}", {}, True)]),
    ("activation remove", ("{seat}", *REASON), []),
    ("license revoke", ("{key}", *REASON), [("revoked", None, {}, True)]),
    ("license revoke", ("{key}", *REASON), []),
    ("product add", ("other", "--name", "Other", *REASON), [("product_added", "other", {}, False)]),
    ("product add", (PRODUCT, "--name", "Other"), []),
    (
        "policy add",
        ("five", "--product", PRODUCT, "--seats", "5", "--overage", "1.25", *REASON),
        [
            (
                "policy_added",
                f"{PRODUCT}/five",
                {"seats": {"from": 1, "to": 5}, "overage": {"from": "none", "to": "1.25"}},
                False,
            )
        ],
    ),
    ("policy set", ("standard", "--product", PRODUCT, "--seats", "1"), []),
    (
        "policy set",
        ("standard", "--product", PRODUCT, "--seats", "2", *REASON),
        [("policy_set", POLICY, {"seats": {"from": 1, "to": 2}}, False)],
    ),
    (
        "release add",
        ("9.2", "--product", PRODUCT, "--released", "2026-10-02", *REASON),
        [("release_added", f"{PRODUCT} 9.2", {"released": "2026-10-02"}, False)],
    ),
    ("release add", ("9", "--product", PRODUCT, "--released", "2026-01-01"), []),
    (
        "release remove",
        ("9", "--product", PRODUCT, *REASON),
        [("release_removed", f"{PRODUCT} 9", {"released": "2026-01-01"}, False)],
    ),
    (
        "keys prepare",
        ("--product", PRODUCT),
        [("key_prepared", "…", {"product": PRODUCT, "standing": "prepared"}, False)],
    ),
    ("keys signed", ("{kid}",), [("looked_up", "{kid}", {"found": 1}, False)]),
    ("keys retire", ("{kid}", "--compromised", "--dry-run", *REASON), []),
    (
        "keys retire",
        ("{kid}", "--compromised", *REASON),
        [
            ("key_retired", "{kid}", {"product": None, "standing": "compromised"}, False),
            ("key_rotated", "…", {"product": None, "standing": "signing"}, False),
        ],
    ),
    ("keys rotate", (), [("key_rotated", "…", {"product": None, "standing": "signing"}, False)]),
    (
        "token issue",
        (
            "shop",
            "--scope",
            "licenses:read",
            "--scope",
            "licenses:issue",
            "--expires",
            "9",
            *REASON,
        ),
        [
            (
                "token_issued",
                "shop",
                {"scopes": ["licenses:issue", "licenses:read"], "days": 9},
                False,
            )
        ],
    ),
    ("token issue", ("shop", "--scope", "licenses:read"), []),
    ("token revoke", ("shop", *REASON), [("token_revoked", "shop", {}, False)]),
    ("token revoke", ("shop",), []),
    (
        "staff add",
        ("root", "--role", "administrator"),
        [("staff_added", "root", {"role": "administrator"}, False)],
    ),
    ("staff add", ("Root", "--role", "viewer"), []),
    ("staff add", (CANARY, "--role", "viewer"), []),
    ("staff role", ("root", "viewer"), []),
    ("staff disable", ("root",), []),
    (
        "staff add",
        ("ben", "--role", "viewer", *REASON),
        [("staff_added", "ben", {"role": "viewer"}, False)],
    ),
    (
        "staff role",
        ("ben", "support", *REASON),
        [("staff_role_set", "ben", {"from": "viewer", "to": "support"}, False)],
    ),
    ("staff role", ("ben", "support"), []),
    ("staff link", ("ben", *REASON), [("staff_link_made", "ben", {}, False)]),
    ("staff sign-out", ("ben",), []),
    ("staff sign-out", ("ana", *REASON), [("signed_out", "ana", {"sessions": 1}, False)]),
    ("staff disable", ("ben", *REASON), [("staff_disabled", "ben", {}, False)]),
    ("staff disable", ("ben",), []),
    ("staff enable", ("ben", *REASON), [("staff_enabled", "ben", {}, False)]),
    ("staff enable", ("ben",), []),
    ("staff email", ("ben", CANARY), []),
    ("staff email", ("ben", EMAIL[1]), [("sso_expected", "ben", {}, False)]),
    ("staff unlink", ("ben",), [("sso_unlinked", "ben", {}, False)]),
    ("staff unlink", ("ben",), []),
    (
        "license new-key",
        ("{id}", *REASON),
        [("license_key_replaced", None, dict.fromkeys(("old_key", "new_key"), "…"), True)],
    ),
    ("staff list", (), []),
    ("staff sessions", (), []),
    ("keys list", (), []),
    ("release list", ("--product", PRODUCT), []),
]


@pytest.fixture
def known(world: World, commands: Commands, tmp_path: Path) -> dict[str, str]:
    """A license that ends, with a seat, and what else commands are about."""

    async def work(context: Context) -> dict[str, str]:
        view = await issue_one(context)
        answer = granted(await activate(context, make_request(1, view.license_key)))
        seat = answer.activation.activation_id
        for number in (2, 3):  # a copy shows up, so that one can be declared the true one
            await reactivate(context, seat, answer.check_in_token, make_request(number))
        [kid] = [key.kid for key in context.keyring.signing.values()]
        return {
            "key": view.license_key,
            "id": str(view.license.license_id),
            "seat": str(seat),
            "kid": kid,
        }

    found = world.run(work)
    (tmp_path / "old.csv").write_text(CSV, "utf-8")
    world.clock.now = datetime.now(UTC)  # as commands have it: a session that is over would go
    world.run(lambda context: member(context, "ana"))
    commands.text("license", "set", found["key"], "--expires", "2100-01-01T00:00:00Z", *REASON)
    commands.text("release", "add", "9", "--product", PRODUCT, "--released", "2026-01-01")
    return {**found, "csv": str(tmp_path / "old.csv")}


def test_every_command_leaves_its_entries(world: World, commands: Commands, known: dict[str, str]):
    before = commands.json("audit", "list")["entries"][0]["seq"]
    expected: list[dict[str, Any]] = []
    for command, arguments, left in NOTED:
        done = commands.run(*command.split(), *(each.format(**known) for each in arguments))
        assert done.exit_code in {0, 1}, (command, done.output)
        assert (done.exit_code == 0) or not left, (command, done.output)
        if command == "hold place" and done.exit_code == 0:
            known["hold"] = json.loads(done.stdout)["holds"][0]["hold_id"]
        why = CANARY if REASON[0] in arguments else None
        for action, subject, details, of_license in left:
            expected.append(
                {
                    "who": getpass.getuser(),
                    "action": action,
                    "license_id": known["id"] if of_license else None,
                    "subject": subject and subject.format(**known),
                    "details": details,
                    "why": None if action in {"key_rotated", "hold_placed", "hold_lifted"} else why,
                }
            )
    entries = commands.json("audit", "list")["entries"]
    new = [entry for entry in reversed(entries) if entry["seq"] > before]
    for found, wanted in zip(new, expected, strict=False):
        if wanted["subject"] == "…":
            wanted["subject"] = found["subject"]
        ends = {name for name, each in wanted["details"].items() if each == "…"}  # of keys
        wanted["details"] = wanted["details"] | {name: found["details"][name] for name in ends}
        assert {name: found[name] for name in wanted} == wanted
    assert len(new) == len(expected)
    assert commands.json("audit", "verify")["holds"] is True
    assert canaries(world) == []


def canaries(world: World) -> list[str]:
    """The rows of the audit tables in which the canary, or the half of it, can be read."""

    async def dump(connection: Connection) -> list[str]:
        names = ("audit_log", "audit_head", "audit_checkpoints")
        rows = [
            f"{row} {[bytes(cell) for cell in row if isinstance(cell, bytes | memoryview)]}"
            for name in names
            for row in await connection.execute(text(f"SELECT * FROM {name}"))
        ]
        assert rows
        return [row for row in rows if "Canary" in row or "9713" in row]

    async def work(context: Context) -> list[str]:
        return await context.database.transact(dump)

    return world.run(work)


def test_an_operator_is_found_by_the_license_and_by_the_name(
    commands: Commands, known: dict[str, str]
):
    of_license = ("audit", "list", "--license")
    actions = [e["action"] for e in commands.json(*of_license, known["key"])["entries"]]
    assert actions == ["terms_changed", "issued"]
    assert commands.json(*of_license, known["id"]) == commands.json(*of_license, known["key"])
    assert commands.json(*of_license, known["seat"]) == commands.json(*of_license, known["key"])
    mine = commands.json("audit", "list", "--who", getpass.getuser())["entries"]
    assert [entry["action"] for entry in mine] == ["release_added", "terms_changed"]


def test_the_demo_key_is_shown(world: World, commands: Commands):
    async def work(context: Context):
        await issue_one(context)
        assert await licensing.first_license(context, "none") is None
        return await licensing.first_license(context, PRODUCT)

    assert world.run(work) is not None
    actions = [entry["action"] for entry in commands.json("audit", "list")["entries"]]
    assert actions == ["shown", "issued", "product_added"]


def commands_of(group: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    below = getattr(group, "commands", None)
    if below is None:
        yield " ".join(path)
        return
    for name, command in below.items():
        yield from commands_of(command, (*path, name))


def test_no_command_is_left_out():
    every = set(commands_of(typer.main.get_command(app)))
    exempt = {name for name in every if name in EXEMPT or name.split()[0] in EXEMPT}
    noted = {command for command, _, left in NOTED if left}
    assert every - exempt == noted
    stale = {
        name for name in EXEMPT if not any(f"{each} ".startswith(f"{name} ") for each in every)
    }
    assert stale == set()
