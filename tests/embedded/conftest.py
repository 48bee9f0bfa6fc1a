"""Data directories and users of the embedded server, cleared away after each test.

The directories are made right under the temporary directory, not under `tmp_path`: every pytest
session that root starts closes /tmp/pytest-of-root to all others, to the server's user too.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from activation_server.embedded_postgres import EmbeddedPostgres
from tests.embedded.processes import User, processes_of


@contextmanager
def _data_dir() -> Iterator[Path]:
    top = Path(tempfile.mkdtemp(prefix="activation test-"))  # a blank, for the quoting
    yield top / "var"
    for process in processes_of(top):
        process.kill()
    shutil.rmtree(top)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory that does not exist yet."""
    with _data_dir() as path:
        yield path


@pytest.fixture(scope="module")
def used_dir() -> Iterator[Path]:
    """The data directory of `postgres`."""
    with _data_dir() as path:
        yield path


@pytest.fixture(scope="module")
def postgres(used_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A running server, for tests that leave it running."""
    with EmbeddedPostgres(used_dir) as started:
        yield started


@pytest.fixture
def start_user(data_dir: Path) -> Iterator[Callable[..., User]]:
    """Starts a process that uses the server, maybe as another OS user."""
    users = []

    def start(directory: Path = data_dir, user: str | None = None) -> User:
        users.append(User(directory, user))
        return users[-1]

    yield start
    for user in users:
        if user.process.poll() is None:
            user.kill()
        with user.process:  # closes its pipes
            pass
