import base64
import stat
from pathlib import Path

import pytest

from activation_server.crypto import master_key
from activation_server.crypto.master_key import MasterKeyError

KEY = bytes(range(200, 232))


def test_a_made_key_is_private_and_loads(tmp_path: Path):
    path = tmp_path / "master.key"
    master_key.make(path, KEY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert master_key.load(path) == [KEY]
    assert [found.name for found in tmp_path.iterdir()] == ["master.key"]


def test_a_key_is_never_replaced(tmp_path: Path):
    path = tmp_path / "master.key"
    master_key.make(path, KEY)
    with pytest.raises(FileExistsError):
        master_key.make(path, bytes(32))
    assert master_key.load(path) == [KEY]


def test_what_a_crash_left_is_no_obstacle(tmp_path: Path):
    (tmp_path / "master.key.new").write_text("half", encoding="ascii")
    master_key.make(tmp_path / "master.key", KEY)
    assert master_key.load(tmp_path / "master.key") == [KEY]


@pytest.mark.parametrize(
    "text",
    [
        KEY.hex(),
        KEY.hex().upper() + "\n",
        base64.b64encode(KEY).decode(),
        base64.urlsafe_b64encode(KEY).decode().rstrip("="),
    ],
)
def test_all_usual_spellings_load(tmp_path: Path, text: str):
    path = tmp_path / "key"
    path.write_text(text, encoding="ascii")
    assert master_key.load(path) == [KEY]


@pytest.mark.parametrize("content", [b"", b"short", KEY.hex().encode()[:-2], b"\xff" * 32])
def test_anything_else_is_told_in_one_sentence(tmp_path: Path, content: bytes):
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(MasterKeyError, match=r"^The master key file .* (hold|read) .*\.$"):
        master_key.load(path)


def test_a_missing_file_is_told(tmp_path: Path):
    with pytest.raises(MasterKeyError, match="does not exist"):
        master_key.load(tmp_path / "nowhere")
