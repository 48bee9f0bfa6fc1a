"""`archive …`, as on the server and on the machine that has the private key."""

from pathlib import Path

import pytest

from activation_server.gateways.archive import Archive
from activation_server.services import archive
from activation_server.services.archive import Archived
from activation_server.services.context import Context
from tests.cli.conftest import Commands
from tests.conftest import START, World
from tests.services.test_archive import ids, sell


@pytest.fixture
def elsewhere() -> Commands:
    """Another machine: no database, no data of the server."""
    return Commands({"ACTIVATION_DATA_DIR": "/nowhere"})


@pytest.fixture
def on_server(commands: Commands, tmp_path: Path) -> Commands:
    commands.environment["ACTIVATION_ARCHIVE_DIR"] = str(tmp_path / "archive")
    return commands


def make_identity(machine: Commands, file: Path) -> str:
    made = machine.json("archive", "make-identity", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    return str(made["recipient"])


def test_the_archive_from_the_server_to_another_machine(
    world: World, on_server: Commands, elsewhere: Commands, tmp_path: Path
):
    identity = tmp_path / "identity.txt"
    world.archive = Archive(tmp_path / "archive", [make_identity(elsewhere, identity)])

    async def work(context: Context) -> tuple[str, Archived]:
        sold = await sell(context)
        return sold.license_key, await archive.archive_and_delete(context, ids(sold))

    key, done = world.run(work)
    [listed] = on_server.json("archive", "list")["files"]
    assert (listed["licenses"], listed["standing"]) == (1, "whole")
    assert done.file is not None
    assert done.file.name in on_server.text("archive", "list")
    assert on_server.json("archive", "verify") == {"files": 1, "bad": []}
    assert "None is damaged" in on_server.text("archive", "verify")

    reading = ("archive", "read", str(done.file), "--identity", str(identity))
    [read] = elsewhere.json(*reading, "--license", f" {key.lower()} ")["licenses"]
    assert read["license"]["license_id"] == str(done.licenses[0])
    shown = elsewhere.text(*reading, "--license", str(done.licenses[0]))
    for each in (key, "FS-1001", "Ana Popescu", "ben@example.com"):
        assert each in shown, shown
    _refused(elsewhere, "has this key or id", *reading, "--license", "another")

    done.file.write_bytes(done.file.read_bytes()[:-1])
    _refused(elsewhere, "is damaged", *reading)
    bad = on_server.run("archive", "verify")
    assert (bad.exit_code, "damaged" in bad.output) == (1, True), bad.output


def _refused(machine: Commands, sentence: str, *arguments: str) -> None:
    done = machine.run(*arguments)
    assert (done.exit_code, sentence in done.output) == (1, True), done.output


def test_a_wrong_identity_is_told(elsewhere: Commands, tmp_path: Path):
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    make_identity(elsewhere, one)
    known = one.read_text()
    _refused(elsewhere, "exists already", "archive", "make-identity", str(one))
    assert one.read_text() == known
    text = elsewhere.text("archive", "make-identity", str(other))
    recipient = text.rsplit("=", 1)[1].strip()
    file = Archive(tmp_path, [recipient]).write(b"{}\n", {"licenses": 0}, START)
    _refused(elsewhere, "not encrypted to", "archive", "read", str(file), "--identity", str(one))


def test_a_bad_recipient_stops_every_command_with_a_sentence(on_server: Commands):
    on_server.environment["ACTIVATION_ARCHIVE_RECIPIENTS"] = "age1nonsense"
    for command in (("archive", "list"), ("license", "find", "x")):
        _refused(on_server, "ACTIVATION_ARCHIVE_RECIPIENTS: 'age1nonsense' is no public", *command)


def test_an_unfinished_file_and_an_empty_archive_are_told(on_server: Commands, tmp_path: Path):
    assert on_server.json("archive", "list") == {"files": []}
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "licenses-20261122T100000Z-1.age").write_bytes(b"cut o")
    assert "was cut off" in on_server.text("archive", "list")
    assert on_server.json("archive", "verify") == {"files": 1, "bad": []}
