"""Data directories of the servers that are started here."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import cluster_dir
from tests.end_to_end.server import Operator


@pytest.fixture(scope="session")
def upgraded() -> Iterator[Path]:
    """A data directory with its cluster and its tables, and nothing in them."""
    with cluster_dir() as directory:
        Operator(directory).json("db", "upgrade")
        yield directory


@pytest.fixture
def data_dir(upgraded: Path) -> Iterator[Path]:
    """A server's data directory, a copy: making one takes most of a server's first start."""
    with cluster_dir() as directory:
        subprocess.run(["cp", "-a", f"{upgraded}/.", str(directory)], check=True)  # owners too
        yield directory


@pytest.fixture
def empty_dir() -> Iterator[Path]:
    """A data directory in which the server makes everything that it needs."""
    with cluster_dir() as directory:
        yield directory
