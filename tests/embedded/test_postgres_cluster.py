"""The cluster on disk: who may reach it, what its log holds, and what is refused."""

import os
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import sqlalchemy

from activation_server.available_memory import available_memory
from activation_server.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from activation_server.postgres_account import let_read, system_account
from activation_server.postgres_cluster import Postmaster, buffers
from tests.embedded.processes import ROOT, User, is_alive, python, query, wait_until

as_root = pytest.mark.skipif(not ROOT, reason="only root can act as two OS users")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("name", ["d" * 120, "a,b:c"])
def test_a_path_that_no_socket_can_have_gets_a_short_private_one(
    data_dir: Path, name: str, start_user: Callable[..., User]
) -> None:
    with EmbeddedPostgres(data_dir / name) as postgres:
        host = sqlalchemy.make_url(postgres.url()).query["host"]
        assert isinstance(host, str)
        sockets = Path(host)
        assert sockets.parent == Path(tempfile.gettempdir())
        assert mode(sockets) == 0o700
        assert sockets.owner() == (data_dir / name / "postgres").owner()
        assert query(postgres.url(), "SELECT 1") == 1
        second = start_user(data_dir / name)
        assert second.ready() == (postgres.pid, postgres.url())
        assert second.leave() == ""
    assert not sockets.exists()
    sockets.mkdir()
    sockets.chmod(0o755)  # planted by somebody
    with pytest.raises(EmbeddedPostgresError, match="somebody else"):
        EmbeddedPostgres(data_dir / name).start()
    sockets.rmdir()


def test_only_the_server_user_reaches_the_socket(
    used_dir: Path, postgres: EmbeddedPostgres
) -> None:
    path = used_dir / "postgres/.s.PGSQL.5432"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    assert mode(path) == mode(path.parent) == 0o700
    assert psutil.Process(postgres.pid).uids().real == path.stat().st_uid
    if ROOT:
        command, options = python("nobody")
        connect = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
        stranger = subprocess.run(
            [*command, "-c", connect, str(path)],
            capture_output=True,
            text=True,
            check=False,
            **options,
        )
        assert "PermissionError" in stranger.stderr


def test_the_log_holds_no_values(used_dir: Path, postgres: EmbeddedPostgres) -> None:
    query(postgres.url(), "CREATE TABLE people (name text PRIMARY KEY)")
    query(postgres.url(), "INSERT INTO people VALUES ('Ana Popescu')")
    for statement in ("INSERT INTO people VALUES ('Ana Popescu')", "SELECT 'Ana Popescu'::int"):
        with pytest.raises(sqlalchemy.exc.DBAPIError, match="Ana Popescu"):
            query(postgres.url(), statement)
    assert "ready to accept connections" in (used_dir / "postgres.log").read_text()
    assert "Ana" not in (used_dir / "postgres.log").read_text()


@pytest.mark.parametrize(
    ("memory_mib", "buffers_mib"),
    [(100, 128), (512, 128), (2_000, 500), (24_001, 6_000), (65_536, 8_192)],
)
def test_buffers_are_a_quarter_of_the_memory_within_bounds(
    memory_mib: int, buffers_mib: int
) -> None:
    assert buffers(memory_mib << 20) == buffers_mib << 20


def test_a_new_cluster_has_buffers_by_the_memory_there_is(postgres: EmbeddedPostgres) -> None:
    set_to = query(postgres.url(), "SELECT pg_size_bytes(current_setting('shared_buffers'))")
    assert set_to == buffers(available_memory())


def test_a_long_log_is_put_aside_and_a_failed_start_shows_its_end(data_dir: Path) -> None:
    data_dir.mkdir()
    log = data_dir / "postgres.log"
    log.write_bytes(b"old\n" * (1 << 19))
    with EmbeddedPostgres(data_dir):
        assert log.stat().st_size < 1 << 16
        assert (data_dir / "postgres.log.1").read_bytes().startswith(b"old\n")
    with (data_dir / "postgres/postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting") as refusal:
        EmbeddedPostgres(data_dir).start()
    assert str(log) in str(refusal.value)


@pytest.mark.parametrize(
    ("file", "message"),
    [("PG_VERSION", "made by PostgreSQL 9"), ("other", "no PostgreSQL cluster")],
)
def test_a_directory_that_is_not_ours_to_use_is_left_alone(
    data_dir: Path, file: str, message: str
) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    owner = (data_dir / "postgres").owner()
    (data_dir / "postgres" / file).write_text("9\n")
    with pytest.raises(EmbeddedPostgresError, match=message):
        EmbeddedPostgres(data_dir).start()
    assert [path.name for path in (data_dir / "postgres").iterdir()] == [file]
    assert (data_dir / "postgres").owner() == owner


@pytest.mark.parametrize("text", ["", "\n", "9" * 30, "-7\n", "postgres\n"])
def test_a_pid_file_without_a_pid_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "postmaster.pid").write_text(text)
    assert Postmaster.read(tmp_path) is None


def test_a_pid_file_is_read_as_far_as_it_is_written(tmp_path: Path) -> None:
    whole = f"7\n{tmp_path}\n1795389991\n5433\n/run/sockets\n\n  2155471   4\nready   \n"
    for length in range(1, len(whole) + 1):
        (tmp_path / "postmaster.pid").write_text(whole[:length])
        postmaster = Postmaster.read(tmp_path)
        assert postmaster
        assert postmaster.pid == 7
    assert postmaster == Postmaster(7, 5433, "/run/sockets", "ready")
    assert not Postmaster(os.getpid(), 5432, "", "ready").runs(tmp_path)


def test_programs_installed_under_a_strict_umask_are_opened(data_dir: Path) -> None:
    program, text = data_dir / "bin/postgres", data_dir / "share/zone"
    for path, strict in ((program, 0o700), (text, 0o600)):
        path.parent.mkdir(mode=0o700, parents=True)
        path.touch(strict)
    let_read(data_dir)
    assert (mode(program), mode(text), mode(text.parent)) == (0o705, 0o604, 0o705)


@as_root
@pytest.mark.parametrize("closed", [0o700, 0o755])
def test_what_root_made_is_refused_to_an_ordinary_user(
    data_dir: Path, closed: int, start_user: Callable[..., User]
) -> None:
    data_dir.mkdir(mode=0o700)
    with EmbeddedPostgres(data_dir) as postgres:
        assert psutil.Process(postgres.pid).username() == "pgserver"
        for path in (data_dir, data_dir.parent):  # only the way is open, not the view
            assert (mode(path), path.owner()) == (0o701, "root")
    data_dir.parent.chmod(closed)
    data_dir.chmod(closed)
    refusal = start_user(user="nobody").leave()
    assert refusal.startswith("refused: ")
    assert "Traceback" not in refusal
    assert "run as" in refusal


@as_root
def test_an_ordinary_user_and_root_take_turns(
    data_dir: Path, start_user: Callable[..., User]
) -> None:
    shutil.chown(data_dir.parent, "nobody")
    owner = start_user(user="nobody")
    pid, url = owner.ready()
    assert psutil.Process(pid).username() == "nobody"
    with EmbeddedPostgres(data_dir) as postgres:
        assert (postgres.pid, postgres.url()) == (pid, url)
    assert owner.leave() == ""
    wait_until(lambda: not is_alive(pid))
    with EmbeddedPostgres(data_dir) as postgres:
        assert psutil.Process(postgres.pid).username() == "nobody"
        assert query(postgres.url(), "SELECT 1") == 1
    assert {path.owner() for path in data_dir.iterdir()} == {"nobody"}


@as_root
def test_root_makes_the_cluster_as_the_owner_of_the_data_directory(
    data_dir: Path, start_user: Callable[..., User]
) -> None:
    data_dir.mkdir()
    shutil.chown(data_dir, "nobody")
    with EmbeddedPostgres(data_dir) as postgres:
        assert psutil.Process(postgres.pid).username() == "nobody"
    assert {path.owner() for path in data_dir.iterdir()} == {"nobody"}
    owner = start_user(user="nobody")
    owner.ready()
    assert owner.leave() == ""


@as_root
def test_a_cluster_of_a_uid_without_a_name_is_taken_over(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        query(postgres.url(), "CREATE TABLE kept AS SELECT 7 AS number")
    nameless = 3_999_999_999  # as after a move to another machine, or into a new container
    for path in (data_dir / "postgres", *(data_dir / "postgres").rglob("*")):
        os.chown(path, nameless, nameless, follow_symlinks=False)
    with EmbeddedPostgres(data_dir) as postgres:
        assert psutil.Process(postgres.pid).username() == "pgserver"
        assert query(postgres.url(), "SELECT number FROM kept") == 7


@as_root
def test_two_starts_at_once_make_one_user() -> None:
    name = f"actest{os.getpid()}"
    try:
        with ThreadPoolExecutor(8) as pool:
            accounts = set(pool.map(system_account, [name] * 8))
        assert accounts == {system_account(name)}
    finally:
        subprocess.run(["/usr/sbin/userdel", name], check=True)
