"""`privacy export`: as JSON, as a summary, and as files for the person alone."""

import json
from pathlib import Path

import pytest

from activation_server.cli.privacy_export import write
from activation_server.rules.errors import OperatorError
from activation_server.rules.export import Export
from tests.cli.conftest import Commands
from tests.conftest import START

EXPORT = ("privacy", "export", "--email", "ana@example.com")


def issue(commands: Commands) -> str:
    commands.text("product", "add", "backup-pro", "--name", "Backup Pro")
    buyer = ("--name", "<script>alert(1)</script>", "--email", "ana@example.com")
    [sold] = commands.json("license", "issue", "--product", "backup-pro", *buyer)["licenses"]
    return str(sold["license_key"])


def test_nobody_of_the_address_is_no_error(commands: Commands, tmp_path: Path):
    assert commands.text(*EXPORT) == "Nothing is held on this address.\n"
    assert commands.text(*EXPORT, "--out", str(tmp_path)) == "Nothing is held on this address.\n"
    empty = commands.json(*EXPORT)
    assert (empty["held"], empty["licenses"]) == (False, [])
    assert not list(tmp_path.glob("person-*"))


def test_on_a_terminal_or_as_json(commands: Commands):
    key = issue(commands)
    shown = commands.text(*EXPORT)
    assert "E-mail: ana@example.com" in shown
    assert "<script>alert(1)</script>" in shown
    assert key not in shown
    [license_] = commands.json(*EXPORT)["licenses"]
    [row] = next(each["rows"] for each in license_["tables"] if each["table"] == "licenses")
    assert row["key_sealed"]["value"] == key


def test_files_are_for_nobody_else_and_never_written_over(commands: Commands, tmp_path: Path):
    key = issue(commands)
    contact = "privacy@vendor.example & friends"
    done = commands.json(*EXPORT, "--out", str(tmp_path), "--contact", contact)
    files = [Path(name) for name in done["files"]]
    assert [path.suffix for path in files] == [".json", ".html"]
    for path in files:
        assert path.stat().st_mode & 0o777 == 0o600
        assert key in path.read_text(encoding="utf-8")
    assert json.loads(files[0].read_text(encoding="utf-8"))["held"]
    page = files[1].read_text(encoding="utf-8")
    assert "privacy@vendor.example &amp; friends" in page
    assert "<script" not in page
    printed = commands.run(*EXPORT, "--out", str(tmp_path / "nowhere"))
    assert printed.exit_code == 1
    assert "can't be written" in printed.stderr


def test_what_is_there_stays(tmp_path: Path):
    found = Export("ana@example.com", "https://licenses.example.com", START)
    there = tmp_path / "person-20261122T100000Z.html"
    there.write_text("mine", encoding="utf-8")
    with pytest.raises(OperatorError, match=there.name):
        write(found, tmp_path, None)
    assert [path.name for path in tmp_path.iterdir()] == [there.name]
    assert there.read_text(encoding="utf-8") == "mine"
