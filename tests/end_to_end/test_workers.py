"""Several server processes on one address: all of them serve, and none outlives its parent."""

import socket
from contextlib import ExitStack
from pathlib import Path

import psutil

from tests.end_to_end.server import Server

TWO = ("--workers", "2")
REQUEST = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"


def _answered_by(workers: list[psutil.Process], connection: socket.socket) -> int:
    """Ask on a connection that is kept; give the process at its other end."""
    connection.sendall(REQUEST)
    assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    here = connection.getsockname()
    [pid] = [one.pid for one in workers if here in [other.raddr for other in one.net_connections()]]
    return pid


def test_each_of_two_workers_answers(data_dir: Path, tmp_path: Path):
    with Server(data_dir, tmp_path / "log", arguments=TWO) as server, ExitStack() as kept:
        workers = server.workers(2)
        address = ("127.0.0.1", server.port)
        connections = [kept.enter_context(socket.create_connection(address)) for _ in range(64)]
        pids = [_answered_by(workers, connection) for connection in connections]
        assert all(pids.count(one.pid) >= 10 for one in workers)  # evenly, as far as chance has it


def test_no_worker_outlives_a_killed_parent(data_dir: Path, tmp_path: Path):
    server = Server(data_dir, tmp_path / "log", arguments=TWO)
    server.start()
    workers = server.workers(2)
    server.kill()
    gone, alive = psutil.wait_procs(workers, timeout=60)
    assert (len(gone), alive) == (2, [])
    with socket.socket() as free:
        free.bind(("127.0.0.1", server.port))
    assert not (data_dir / "postgres" / "postmaster.pid").exists()  # the last one stopped it
