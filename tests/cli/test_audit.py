"""The log as operators read, prove and sign it."""

from pathlib import Path

from sqlalchemy import text

from activation_server.rules.audit import Action
from activation_server.services import audit
from activation_server.services.context import Context
from activation_server.store.database import Connection
from tests.cli.conftest import Commands
from tests.conftest import World


def write(world: World, *actions: Action) -> None:
    async def work(context: Context):
        async def noted(connection: Connection):
            for action in actions:
                await audit.note(
                    context, connection, action, subject="pro/[b]", details={"n": 1}, why="call 17"
                )

        await context.database.transact(noted)

    world.run(work)


def tamper(world: World, statement: str) -> None:
    async def work(context: Context):
        async def done(connection: Connection):
            await connection.execute(text(statement))

        await context.database.transact(done)

    world.run(work)


def test_an_empty_log_is_told(commands: Commands):
    assert commands.text("audit", "list") == "No entry found.\n"
    assert commands.json("audit", "list") == {"entries": []}
    assert commands.text("audit", "verify") == "The audit log holds: it has no entry.\n"
    done = commands.run("audit", "checkpoint")
    assert (done.exit_code, done.stdout) == (1, "")


def test_entries_are_listed_newest_first_and_by_what_is_asked(commands: Commands, world: World):
    write(world, Action.SHOWN)
    world.clock.advance(days=1)
    write(world, Action.POLICY_SET, Action.SHOWN)
    entries = commands.json("audit", "list")["entries"]
    assert [entry["seq"] for entry in entries] == [3, 2, 1]
    assert entries[1] == {
        "seq": 2,
        "at": "2026-11-23T10:00:00Z",
        "who": "server",
        "action": "policy_set",
        "license_id": None,
        "subject": "pro/[b]",
        "details": {"n": 1},
        "why": "call 17",
        "why_sealed": True,
    }

    def listed(*options: str) -> list[int]:
        found = commands.json("audit", "list", *options)["entries"]
        return [entry["seq"] for entry in found]

    assert listed("--action", "policy_set") == [2]
    assert listed("--who", "server", "--limit", "1") == [3]
    assert listed("--who", "nobody") == []
    assert listed("--since", "2026-11-23") == [3, 2]
    assert listed("--since", "2026-11-23T10:00:01Z") == []
    assert listed("--license", "no such key") == []
    printed = commands.text("audit", "list")
    assert all(part in printed for part in ("policy_set", "pro/[b]", '{"n": 1}', "call 17"))
    assert commands.run("audit", "list", "--since", "soon").exit_code == 2
    assert commands.run("audit", "list", "--action", "looked").exit_code == 2


def test_a_broken_chain_is_named_and_exits_with_1(commands: Commands, world: World):
    write(world, *[Action.SHOWN] * 3)
    verified = commands.json("audit", "verify")
    assert (verified["holds"], verified["entries"], verified["broken"]) == (True, 3, None)
    told = "The audit log holds: 3 entries, 1 of 2026-11-22T10:00:00Z to 3 of"
    assert commands.text("audit", "verify").startswith(told)
    tamper(world, "UPDATE audit_log SET who = 'eve' WHERE seq = 2")
    done = commands.run("audit", "verify", "--json")
    assert done.exit_code == 1
    where = '"seq": 2,\n    "at": "2026-11-22T10:00:00Z",\n    "what": "entry changed"'
    assert where in done.stdout
    done = commands.run("audit", "verify")
    assert done.exit_code == 1
    assert done.stdout.startswith("The audit log breaks at entry 2, of 2026-11-22T10:00:00Z: entry")


def test_a_checkpoint_kept_elsewhere_shows_what_was_taken_since(
    commands: Commands, world: World, tmp_path: Path
):
    write(world, *[Action.SHOWN] * 3)
    file = tmp_path / "checkpoint"
    told = commands.text("audit", "checkpoint", "--out", str(file))
    assert told == f"Wrote {file}: a checkpoint of entry 3, of 2026-11-22T10:00:00Z.\n"
    assert commands.text("audit", "checkpoint") == file.read_text("ascii")
    assert commands.json("audit", "checkpoint")["jws"] == file.read_text("ascii").strip()
    assert commands.run("audit", "checkpoint", "--out", str(file)).exit_code == 1
    against = ("audit", "verify", "--checkpoint", str(file))
    assert commands.json(*against)["holds"] is True
    for table in ("audit_log", "audit_checkpoints"):
        tamper(world, f"DELETE FROM {table}")
    tamper(
        world, r"UPDATE audit_head SET seq = 0, at = NULL, digest = decode(repeat('00', 32), 'hex')"
    )
    assert commands.json("audit", "verify")["holds"] is True
    assert commands.run(*against).exit_code == 1
    file.write_bytes(b"\xff no token")
    done = commands.run(*against)
    assert done.exit_code == 1
    assert "no checkpoint" in done.output
    assert commands.run("audit", "verify", "--checkpoint", str(tmp_path / "none")).exit_code == 2
