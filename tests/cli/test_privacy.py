"""The record of processing is printed without a server and without a database."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from activation_server.cli.app import app


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where a database would be made, if one were."""
    monkeypatch.setenv("ACTIVATION_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("ACTIVATION_DATABASE_URL", raising=False)
    return tmp_path / "data"


def privacy_map(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["privacy", "map", *arguments])


def test_the_map_is_markdown_by_default(nowhere: Path):
    done = privacy_map()
    assert done.exit_code == 0
    assert done.stdout.startswith("# Record of processing\n")
    assert "| `order_sealed`        | order              | Contract    | license |" in done.stdout
    assert privacy_map("--format", "markdown").stdout == done.stdout
    assert not nowhere.exists()


def test_json_and_fides_tell_of_the_same_columns():
    document = json.loads(privacy_map("--json").stdout)
    assert json.loads(privacy_map("--format", "json").stdout) == document
    assert json.loads(privacy_map("--format", "json", "--json").stdout) == document
    columns = {
        f"{table['table']}.{column['column']}": column["legal_basis"]
        for table in document["tables"]
        for column in table["columns"]
    }
    dataset = yaml.safe_load(privacy_map("--format", "fides").stdout)["dataset"][0]
    assert {name: of["legal_basis"] for name, of in dataset["meta"]["columns"].items()} == columns
    assert columns["activations.hardware_token"] == "Legitimate interests"


def test_two_formats_at_once_are_wrong_use():
    done = privacy_map("--json", "--format", "fides")
    assert done.exit_code == 2
    assert "don't go together" in done.output
