"""The state file: whole at any moment, for one process at a time, for its user's eyes only."""

import json
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from activation_server.client_state import State, StateError, load, locked, read_computer, save
from tests.client.conftest import Installation
from tests.client.server import NOW


def test_what_was_saved_is_loaded(installation: Installation) -> None:
    installation.activate()
    state = load(installation.state)
    assert state.activation
    assert state.activation.product == "backup-pro"
    save(installation.state, state)
    assert load(installation.state) == state


def test_only_the_user_can_read_it(installation: Installation) -> None:
    installation.activate()
    assert stat.S_IMODE(installation.state.stat().st_mode) == 0o600


def test_no_secret_in_a_repr(installation: Installation) -> None:
    installation.activate()
    state = load(installation.state)
    assert state.activation
    for secret in ("KEY", state.activation.certificate, state.activation.check_in_token):
        assert secret not in repr(state)


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_process_killed_while_it_saves_leaves_the_old_state(tmp_path: Path, step: str) -> None:
    path = tmp_path / "state.json"
    save(path, State(latest_time=1))
    module = step.rpartition(".")[0]
    script = f"""
import os, pathlib
from activation_server.client_state import State, save
{module}.{step.rpartition(".")[2]} = lambda *_: os._exit(9)
save(pathlib.Path({str(path)!r}), State(latest_time=2))
"""
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == 9
    assert load(path).latest_time == 1
    save(path, State(latest_time=3))  # what the killed process left is no hindrance
    assert load(path).latest_time == 3
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


def test_processes_take_turns(installation: Installation) -> None:
    """Check-ins at once would fork; the server of these tests fails at a fork."""
    installation.activate()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: installation.reactivate(), range(8)))
    assert installation.client().verify()["seq"] == 9


def test_verify_does_not_wait_for_a_command_that_runs(installation: Installation) -> None:
    installation.activate()
    installation.now = NOW + 60
    answers: list[dict[str, Any]] = []
    with locked(installation.state):
        thread = threading.Thread(target=lambda: answers.append(installation.client().verify()))
        thread.start()
        thread.join(timeout=5)
    assert answers
    assert answers[0]["valid"]
    assert load(installation.state).latest_time == NOW  # not remembered, for once
    installation.client().verify()
    assert load(installation.state).latest_time == NOW + 60


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"version": 1}',
        json.dumps({"version": 2}).encode(),
    ],
)
def test_a_damaged_file_is_told_and_never_overwritten(
    installation: Installation, content: bytes
) -> None:
    installation.state.write_bytes(content)
    assert installation.reason() == "state_damaged"
    with pytest.raises(StateError):
        installation.activate()
    assert installation.state.read_bytes() == content
    assert installation.server.seen == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("seq", "2"), ("salt", "xyz"), ("certificate", None), ("simulated", {"hardware_id": 1})],
)
def test_a_field_of_the_wrong_type_is_damage(
    installation: Installation, field: str, value: object
) -> None:
    installation.activate()
    document = json.loads(installation.state.read_bytes())
    document["activation"][field] = value
    installation.state.write_text(json.dumps(document))
    with pytest.raises(StateError, match="damaged"):
        load(installation.state)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError), locked(tmp_path / "file" / "state.json"):
        pass
    with pytest.raises(StateError, match="can't be read"):
        load(tmp_path)


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"hardware_id": 5},
        {"hardware_id": "abcdefgh", "hardware": ["cpu"]},
        {"hardware_id": "abcdefgh", "hardware": {"cpu": 5}},
        {"hardware_id": "abcdefgh\ud800"},
    ],
)
def test_what_describes_no_computer_is_refused(document: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        read_computer(document)
