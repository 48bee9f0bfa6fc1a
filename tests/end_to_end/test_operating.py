"""What an operator does and sees: the demo, an own PostgreSQL, TLS, wrong settings, a stop."""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import json
import shlex
import socket
import sys
from pathlib import Path

import asyncpg
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from activation_server.embedded_postgres import EmbeddedPostgres
from activation_server.store.schema_version import newest
from tests.end_to_end.computers import AppOnComputer
from tests.end_to_end.server import Operator, OperatorHere, Server


def test_the_demo_prints_a_command_that_activates_this_computer(empty_dir: Path, tmp_path: Path):
    with Server(empty_dir, tmp_path / "log", arguments=("--demo",)) as server:
        command = server.printed("client activate")
        program, *arguments = shlex.split(command)
        assert program == "activation-server"
        answer = Operator(empty_dir).json(*arguments)
        operator = OperatorHere(empty_dir)
        assert answer["seats"] == {"limit": 3, "used": 1}
        state = arguments[arguments.index("--state") + 1]
        assert operator.json("client", "verify", "--state", state)["valid"] is True
        on_server = ("--server", server.address, "--state", state)
        assert operator.json("client", "reactivate", *on_server)["status"] == "reactivated"
        assert operator.json("client", "deactivate", *on_server)["seats"]["used"] == 0


def test_a_second_start_shows_the_same_demo_also_after_a_crash_in_the_first(
    data_dir: Path, tmp_path: Path
):
    operator = OperatorHere(data_dir)
    operator.json("product", "add", "demo", "--name", "Demo")  # as far as the crash let it come
    shown = [_demo_key(data_dir, tmp_path) for _ in range(2)]
    assert shown[0] == shown[1]
    [demo] = operator.json("license", "find", shown[0])["licenses"]
    assert demo["seats"] == 3


def _demo_key(data_dir: Path, tmp_path: Path) -> str:
    with Server(data_dir, tmp_path / "log", arguments=("--demo",)) as server:
        return server.printed("license key").split()[-1]


def test_commands_work_without_a_running_server(empty_dir: Path):
    Operator(empty_dir).json("product", "add", "pro", "--name", "Pro")
    operator = OperatorHere(empty_dir)
    policy = operator.json(
        *("policy", "add", "year", "--product", "pro", "--seats", "unlimited"),
        *("--term-days", "365", "--grace-days", "14", "--feature", "sync", "--feature", "cloud"),
        *("--certificate-days", "none", "--max-version", "9"),
    )
    assert (policy["seats"], policy["term_days"], policy["certificate_days"]) == (None, 365, None)
    assert policy["features"] == ["sync", "cloud"]
    changed = operator.json("policy", "set", "year", "--product", "pro", "--seats", "2")
    assert (changed["seats"], changed["grace_days"]) == (2, 14)
    issue = ("license", "issue", "--product", "pro", "--policy", "year", "--email", "a@example.com")
    [issued] = operator.json(*issue)["licenses"]
    assert issued["kind"] == "subscription"
    key = issued["license_key"]
    renewed = operator.json("license", "renew", key, "--days", "30", "--reason", "paid")
    assert issued["expires"] < renewed["expires"] < renewed["accepted_until"]
    limits = ("--seats", "3", "--reset", "max-version", "--expires", "2030-01-31")
    limited = operator.json("license", "set", key, *limits, "--reason", "an upgrade")
    assert (limited["seats"], limited["expires"]) == (3, "2030-01-31T23:59:59Z")
    for change, status in (
        ("suspend", "suspended"),
        ("reinstate", "active"),
        ("revoke", "revoked"),
    ):
        done = operator.json("license", change, key, "--reason", "a test")
        assert done["status"] == status
    assert not (empty_dir / "postgres" / "postmaster.pid").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("license", "show", "nothing"), 1),
        (("activation", "remove", "00000000-0000-4000-8000-000000000000", "--reason", "r"), 1),
        (("license", "issue", "--product", "pro", "--expires", "soon"), 2),
        (("license", "issue", "--product", "pro", "--email", "no address"), 2),
        (("activation", "remove", "no-id", "--reason", "r"), 2),
        (("policy", "add", "p"), 2),
    ],
)
def test_exit_codes_tell_refusal_from_wrong_use(
    data_dir: Path, arguments: tuple[str, ...], code: int
):
    done = OperatorHere(data_dir).run(*arguments, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    if code == 1:
        assert set(json.loads(done.stdout)) == {"error"}


def test_an_external_postgres_is_used_alike(empty_dir: Path, tmp_path: Path):
    with EmbeddedPostgres(empty_dir / "elsewhere") as elsewhere:
        url = elsewhere.url().replace("postgresql+asyncpg", "postgresql")
        other = empty_dir / "server"
        extra = {"ACTIVATION_DATABASE_URL": url}
        operator = OperatorHere(other, extra)

        def told(message: str, workers: int = 1) -> None:
            serve = ("serve", "--port", "0", "--workers", str(workers))
            done = (operator if workers == 1 else Operator(other, extra)).run(*serve)
            assert done.returncode == 1
            [line] = [one for one in done.stderr.splitlines() if "Error" in one]
            assert message in line
            assert "Traceback" not in done.stderr

        told("run `activation-server db upgrade`")
        assert operator.json("db", "upgrade") == {"revision": newest()}
        told("ACTIVATION_MASTER_KEY_FILE is not set")
        key_file = tmp_path / "master.key"
        extra["ACTIVATION_MASTER_KEY_FILE"] = str(key_file)
        told(f"The master key file {key_file} does not exist")
        operator.json("keys", "make-master-key", str(key_file))
        with Server(other, tmp_path / "log", extra=extra) as server:
            assert httpx.get(f"{server.address}/readyz").json()["status"] == "ready"
            operator.json("product", "add", "demo", "--name", "Demo")
            key = operator.json("license", "issue", "--product", "demo")["licenses"][0]
            app = AppOnComputer({"machine": "m1"}, key["license_key"])
            answer = httpx.post(f"{server.address}/v1/activations", json=app.activation_body())
            assert answer.status_code == 201
        told("40 workers may need 808 connections, and the database takes 97", workers=40)
        key_file.write_text("00" * 32, encoding="ascii")
        told("The master key is not the one")
        told("The master key is not the one", workers=2)
        assert not (other / "postgres").exists()


def test_a_database_that_is_away_is_one_clear_sentence(data_dir: Path):
    extra = {"ACTIVATION_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}
    done = OperatorHere(data_dir, extra).run("db", "upgrade")
    assert done.returncode == 1
    assert "can't be reached" in done.stderr
    extra["ACTIVATION_DATABASE_URL"] = "mysql://x"
    done = OperatorHere(data_dir, extra).run("db", "upgrade")
    assert done.returncode == 1
    assert "must look like postgresql://" in done.stderr


def test_a_lost_master_key_is_not_made_anew(data_dir: Path):
    operator = OperatorHere(data_dir)
    operator.json("product", "add", "pro", "--name", "Pro")
    (data_dir / "master.key").unlink()
    done = operator.run("license", "issue", "--product", "pro")
    assert done.returncode == 1
    assert "does not exist; restore it" in done.stderr
    assert not (data_dir / "master.key").exists()


def test_a_port_in_use_is_told(empty_dir: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = Operator(empty_dir).run("serve", "--port", port)
    assert done.returncode == 1
    assert f"Can't serve on 127.0.0.1:{port}" in done.stderr
    assert not list(empty_dir.iterdir())


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stop_lets_running_requests_finish(data_dir: Path, tmp_path: Path, workers: str):
    with Server(data_dir, tmp_path / "log", arguments=("--workers", workers)) as server:
        operator = OperatorHere(data_dir)
        operator.json("product", "add", "demo", "--name", "Demo")
        key = operator.json("license", "issue", "--product", "demo")["licenses"][0]["license_key"]
        body = AppOnComputer({"machine": "m1"}, key).activation_body()
        address = server.address
        assert asyncio.run(_answered_while_stopping(server, address, body)) == 201
        with pytest.raises(httpx.ConnectError):
            httpx.get(address)
    assert not (data_dir / "postgres" / "postmaster.pid").exists()


async def _answered_while_stopping(server: Server, address: str, body: dict[str, object]) -> int:
    """Hold a request up by a lock on its license, stop the server, let the lock go."""
    pid_file = (server.data_dir / "postgres" / "postmaster.pid").read_text(encoding="ascii")
    directory, port = pid_file.splitlines()[4], pid_file.splitlines()[3]
    connection = await asyncpg.connect(
        host=directory, port=int(port), user="postgres", database="activation"
    )
    async with asyncio.timeout(30), httpx.AsyncClient(timeout=30) as http:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT * FROM licenses FOR UPDATE")
        request = asyncio.create_task(http.post(f"{address}/v1/activations", json=body))
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not await connection.fetchval(waiting):  # noqa: ASYNC110 - it waits elsewhere
            await asyncio.sleep(0.01)
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        with contextlib.suppress(httpx.TransportError):
            while True:  # until it takes no new connections
                await http.get(f"{address}/healthz", headers={"Connection": "close"})
        assert not request.done()
        await transaction.rollback()
        await connection.close()
        answer = await request
        assert await stopping == 0
    return answer.status_code


def _self_signed(directory: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = directory / "cert.pem", directory / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file


def test_tls_is_served_directly(data_dir: Path, tmp_path: Path):
    certificate, key = _self_signed(tmp_path)
    tls = ("--tls-cert", str(certificate), "--tls-key", str(key), "--demo")
    with Server(data_dir, tmp_path / "log", arguments=tls) as server:
        command = server.printed("client activate")
        assert "https://" in command
        trusted = ("--ca-file", str(certificate))
        operator = OperatorHere(data_dir)
        assert operator.json(*shlex.split(command)[1:], *trusted)["status"] == "activated"
        plain = operator.run(*shlex.split(command)[1:])
        assert plain.returncode == 1
        assert "CERTIFICATE_VERIFY_FAILED" in plain.stderr
        assert "Trying again" not in plain.stderr


def test_half_of_tls_or_a_broken_certificate_is_told(data_dir: Path, tmp_path: Path):
    certificate, key = _self_signed(tmp_path)
    operator = Operator(data_dir)
    half = operator.run("serve", "--port", "0", "--tls-cert", str(certificate))
    assert half.returncode == 2
    assert "set together" in half.stderr
    key.write_text("broken", encoding="ascii")
    broken = operator.run(
        "serve", "--port", "0", "--tls-cert", str(certificate), "--tls-key", str(key)
    )
    assert broken.returncode == 1
    assert "can't be used" in broken.stderr
    assert "Traceback" not in broken.stderr


def test_help_is_there_for_every_command():
    operator = OperatorHere(Path())
    top = Operator(Path()).run("--help")
    for group in (
        "product",
        "policy",
        "release",
        "license",
        "activation",
        "client",
        "db",
        "keys",
        "schemas",
        "privacy",
        "retention",
        "hold",
        "archive",
        "audit",
        "newsletter",
    ):
        assert group in top.stdout
        assert operator.run(group, "--help").returncode == 0
    assert sys.version_info >= (3, 11)
