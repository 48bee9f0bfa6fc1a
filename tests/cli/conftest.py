"""Operator commands in this process, on a test's own database."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from activation_server.cli.app import app
from activation_server.cli.operate import out
from tests.conftest import World


@dataclass(frozen=True)
class Commands:
    """Runs commands as an operator does beside a running server."""

    environment: dict[str, str]

    def run(self, *arguments: str, columns: int = 200) -> Result:
        """Run a command, on a terminal so many columns wide."""
        out.width = columns
        return CliRunner().invoke(app, arguments, env=self.environment)

    def text(self, *arguments: str, columns: int = 200) -> str:
        """Give what a command prints, which must succeed."""
        done = self.run(*arguments, columns=columns)
        assert done.exit_code == 0, done.output
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """Give the JSON that a command prints, which must succeed."""
        return json.loads(self.text(*arguments, "--json"))


@pytest.fixture
def commands(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    monkeypatch.setattr(out, "_width", None)  # as wide as a test says, and no longer
    master_key = tmp_path / "master.key"
    master_key.write_text(world.master.hex(), encoding="ascii")
    world.master_key_file = master_key  # commands may replace it
    return Commands(
        {
            "ACTIVATION_DATABASE_URL": world.url,
            "ACTIVATION_MASTER_KEY_FILE": str(master_key),
            "ACTIVATION_ERASURE_LEDGER": str(world.ledger),
        }
    )
