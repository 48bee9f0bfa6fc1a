"""`activation-server client …`: exit codes, JSON, and plain words."""

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from typer.testing import CliRunner, Result

from activation_server.cli.client import REASONS, app
from activation_server.hardware_probe import UnidentifiableError, look, salt_for
from tests.client.server import TRIAL_KEY, LicenseServer, Reply, problem

PLAYED = {"hardware_id": "abcdefgh", "hardware": {"cpu": "x"}}


class Command:
    """Runs the command on one state file, as one computer."""

    def __init__(self, folder: Path, server: LicenseServer) -> None:
        self.folder, self.server = folder, server
        self.state = folder / "state.json"
        self.hardware = folder / "hardware.json"
        self.hardware.write_text(json.dumps(PLAYED))

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, [*arguments, "--state", str(self.state)])

    def activate(self, *arguments: str) -> Result:
        named = ("--key", "KEY", "--product", "backup-pro", "--hardware", str(self.hardware))
        return self.run("activate", "--server", self.server.url, *named, *arguments)

    def reactivate(self, *arguments: str) -> Result:
        return self.run("reactivate", "--server", self.server.url, *arguments)


@pytest.fixture
def command(tmp_path: Path, server: LicenseServer) -> Command:
    server.now = 4_000_000_000  # the command has the real clock, which never gets there in a test
    return Command(tmp_path, server)


def read(result: Result) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_json_is_the_server_s_answer_as_it_came(command: Command) -> None:
    result = command.activate("--json")
    assert result.exit_code == 0
    (answer,) = command.server.answers.values()
    assert result.stdout == json.dumps(answer, indent=3) + "\n"


def test_people_see_neither_token_nor_certificate(command: Command) -> None:
    result = command.activate()
    (answer,) = command.server.answers.values()
    assert "This computer is activated now." in result.stdout
    assert "Seats in use: 1 of 3." in result.stdout
    assert "Notice: One more than paid. [OVERAGE]" in result.stdout
    assert answer["certificate"] not in result.output
    assert answer["check_in_token"] not in result.output


def test_every_command_once(command: Command) -> None:
    assert command.activate().exit_code == 0
    checked_in = command.reactivate("--app-version", "2.0", "--email", "ana@example.com")
    assert checked_in.exit_code == 0
    assert "Checked in" in checked_in.stdout
    valid = command.run("verify", "--json")
    assert valid.exit_code == 0
    assert read(valid)["valid"] is True
    assert "valid on this computer" in command.run("verify").stdout
    back = command.run("deactivate", "--server", command.server.url, "--key", "KEY")
    assert back.exit_code == 0
    assert "given back" in back.stdout
    gone = command.run("verify", "--json")
    assert gone.exit_code == 1
    assert read(gone)["reason"] == "not_activated"
    assert command.server.bodies[1]["email"] == "ana@example.com"
    assert command.server.bodies[1]["app"] == {"version": "2.0"}


def test_the_server_is_remembered(command: Command) -> None:
    command.activate()
    assert command.run("reactivate").exit_code == 0


def test_everything_that_is_given_is_sent(command: Command) -> None:
    command.activate(
        *("--name", "Ana Popescu", "--company", "Exemplu SRL", "--email", "ana@example.com"),
        *("--comments", "hello", "--newsletter", "--app-version", "9.9", "--app-edition", "pro"),
        *("--app-released", "2026-10-02", "--app-language", "ro"),
    )
    (body,) = command.server.bodies
    assert body["name"] == "Ana Popescu"
    assert body["company"] == "Exemplu SRL"
    assert body["comments"] == "hello"
    assert body["newsletter"] is True
    app_ = {"version": "9.9", "edition": "pro", "released": "2026-10-02", "language": "ro"}
    assert body["app"] == app_


def test_a_refusal_is_told_in_plain_words(command: Command) -> None:
    evidence = {"limit": 2, "used": 2}
    command.server.next.append(problem(409, "SEAT_LIMIT_REACHED", evidence=evidence))
    result = command.activate()
    assert result.exit_code == 1
    assert "Refused: Sentence for SEAT_LIMIT_REACHED. [SEAT_LIMIT_REACHED]" in result.stderr
    assert "limit: 2" in result.stderr


def test_a_forgotten_activation_is_told_with_the_way_out(command: Command) -> None:
    command.activate()
    command.server.next.append(problem(404, "ACTIVATION_NOT_FOUND"))
    result = command.reactivate()
    assert result.exit_code == 1
    assert "Run `client activate`" in result.stderr
    assert command.run("verify").exit_code == 0
    assert command.run("activate").exit_code == 0


def test_a_refusal_as_json_is_the_problem(command: Command) -> None:
    refusal = problem(404, "LICENSE_NOT_FOUND")
    command.server.next.append(refusal)
    result = command.activate("--json")
    assert result.exit_code == 1
    assert result.stdout == refusal.body.decode() + "\n"


def test_what_a_server_says_does_not_steer_the_terminal(command: Command) -> None:
    refusal = problem(403, "LICENSE_REVOKED")
    refusal.body = json.dumps({"code": "X", "detail": "\x1b[2J[red]hello"}).encode()
    command.server.next.append(refusal)
    said = command.activate().stderr
    assert "[2J[red]hello [X]" in said
    assert "\x1b" not in said


def test_an_unreachable_server_says_how_long_the_app_works(command: Command) -> None:
    command.activate()
    command.server.next.append(Reply(500))
    result = command.reactivate("--no-wait")
    assert result.exit_code == 1
    assert "The app keeps working until 2096-11-" in result.stderr
    command.server.next.append(problem(429, "RATE_LIMITED"))
    assert read(command.reactivate("--no-wait", "--json"))["code"] == "RATE_LIMITED"
    command.server.next.append(Reply(302))
    assert "Something else" in read(command.reactivate("--no-wait", "--json"))["error"]


def test_a_rejected_certificate_is_explained(command: Command) -> None:
    command.server.edit = lambda claims: claims.update(nonce="A" * 22)
    result = command.activate()
    assert result.exit_code == 1
    assert REASONS["wrong_nonce"] in result.stderr
    assert read(command.activate("--json"))["reason"] == "wrong_nonce"


@pytest.mark.parametrize("content", [None, "", "[]", '{"hardware_id": 5}'])
def test_an_unusable_hardware_file_is_wrong_use(command: Command, content: str | None) -> None:
    if content is None:
        command.hardware.unlink()
    else:
        command.hardware.write_text(content)
    result = command.activate()
    assert result.exit_code == 2
    assert "hardware.json" in result.stderr
    assert not command.state.exists()


def test_wrong_use_has_its_own_exit_code(command: Command) -> None:
    url = command.server.url
    assert command.run("activate", "--server", url).exit_code == 2
    assert command.run("activate", "--server", "http://192.0.2.1", "--key", "K").exit_code == 2
    assert command.run("reactivate", "--server", url).exit_code == 2
    assert command.run("deactivate", "--server", url).exit_code == 2
    assert command.activate("--public-key", str(command.hardware)).exit_code == 2
    assert command.activate("--ca-file", str(command.hardware)).exit_code == 2
    assert command.activate("--no-such-option").exit_code == 2
    command.state.write_text("{}")
    assert command.activate().exit_code == 2
    assert command.run("verify").exit_code == 1


@pytest.mark.parametrize("form", ["jwks", "pem"])
def test_a_shipped_key_is_trusted_alone(command: Command, form: str) -> None:
    key_file = command.folder / "key"
    public = command.server.key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    key_file.write_bytes(pem if form == "pem" else json.dumps(command.server.jwks()).encode())
    assert command.activate("--public-key", str(key_file)).exit_code == 0
    assert command.run("verify", "--public-key", str(key_file)).exit_code == 0
    assert command.server.jwks_fetched == 0
    other = LicenseServer()
    key_file.write_text(json.dumps(other.jwks()))
    rejected = command.run("verify", "--public-key", str(key_file), "--json")
    assert rejected.exit_code == 1
    assert read(rejected)["reason"] == "bad_signature"


@pytest.fixture
def authority(command: Command) -> Iterator[Path]:
    """Put the server behind HTTPS, with a certificate of an authority of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    start = datetime.now(UTC) - timedelta(hours=1)
    address = x509.IPAddress(IPv4Address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path, key_path = command.folder / "ca.pem", command.folder / "key.pem"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    plain = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key_path.write_bytes(key.private_bytes(*plain))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path, key_path)
    http = command.server.start(tls)
    yield path
    http.shutdown()
    http.server_close()


def test_the_server_s_https_certificate_is_checked(command: Command, authority: Path) -> None:
    stranger = command.activate("--no-wait")
    assert stranger.exit_code == 1
    assert "CERTIFICATE_VERIFY_FAILED" in stranger.stderr
    assert command.server.seen == []
    assert command.activate("--ca-file", str(authority)).exit_code == 0


def test_this_very_computer_activates(command: Command) -> None:
    try:
        salt_for(look())
    except UnidentifiableError:
        pytest.skip("this machine has no identity: no machine id, no disk with a serial number")
    named = ("--server", command.server.url, "--key", "KEY", "--product", "backup-pro")
    result = command.run("activate", *named)
    assert result.exit_code == 0, result.output
    valid = command.run("verify", "--json")
    assert read(valid)["hardware"]["missing"] == []
    assert valid.exit_code == 0
    hardware = ("--hardware", str(command.hardware))
    elsewhere = command.run("verify", "--json", *hardware)
    assert elsewhere.exit_code == 1
    assert read(elsewhere)["reason"] == "wrong_computer"
    assert "Hardware that differs: " in command.run("verify", *hardware).stdout


def test_a_trial_tells_its_key(command: Command) -> None:
    options = ("--server", command.server.url, "--product", "backup-pro")
    result = command.run("trial", *options, "--hardware", str(command.hardware))
    assert result.exit_code == 0, result.output
    assert f"The trial's key, for support: {TRIAL_KEY}." in result.stdout
