"""What only real connections show: bodies over the limit, broken connections, TLS."""

import asyncio
import json
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from activation_server.cli import serving
from activation_server.settings import Settings
from tests.conftest import World
from tests.web.live import HOST, Live, live
from tests.web.server import activation, refused

LIMIT = 16 * 1024
HEAD = b"POST /v1/activations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def address(shared_world: World) -> Iterator[Live]:
    with live(shared_world) as served:
        yield served


def test_answers_leave_at_once() -> None:
    """Without TCP_NODELAY each answer on a kept connection waits 40 ms for an acknowledgement.

    asyncio sets it where the socket that listens says that it is TCP.
    """
    served: list[int] = []

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        served.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async def serve_one() -> None:
        listening = serving._listen(Settings(host=HOST, port=0))
        server = await asyncio.start_server(accept, sock=listening)
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        await reader.read()
        writer.close()
        server.close()

    asyncio.run(serve_one())
    assert served == [1]


def body_of(size: int) -> bytes:
    """A valid request (of an unknown key) of so many bytes."""
    whole = activation("no such key") | {"of_the_future": ""}
    whole["of_the_future"] = "x" * (size - len(json.dumps(whole)))
    return json.dumps(whole).encode()


def post(address: Live, content: bytes, *, chunked: bool) -> httpx.Response:
    def chunks() -> Iterator[bytes]:
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]

    headers = {"Content-Type": "application/json"}
    told = chunks() if chunked else content
    return httpx.post(f"{address.url}/v1/activations", content=told, headers=headers)


@pytest.mark.parametrize("chunked", [False, True])
def test_the_limit_of_a_body(address: Live, chunked: bool) -> None:
    refused(post(address, body_of(LIMIT), chunked=chunked), "LICENSE_NOT_FOUND")
    for size in (LIMIT + 1, LIMIT + 1024):
        response = post(address, body_of(size), chunked=chunked)
        assert refused(response, "REQUEST_TOO_LARGE")["status"] == 413


def test_a_body_announced_as_too_large_is_not_awaited(address: Live) -> None:
    with address.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 1000000000\r\n\r\n{")
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_an_endless_body_is_refused_while_it_comes(address: Live) -> None:
    with address.connect() as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"4000\r\n" + b" " * 0x4000 + b"\r\n1\r\n \r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: -1",
        b"Content-Length: x",
        b"Content-Length: " + b"9" * 5000,
        b"Content-Length: 2\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: gzip",
    ],
)
def test_lengths_that_make_no_sense(address: Live, lengths: bytes) -> None:
    answer = address.talk(HEAD + lengths + b"\r\nConnection: close\r\n\r\n{}")
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 413 ")), answer
    assert httpx.get(f"{address.url}/healthz").status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Header\x00: y\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_no_http(address: Live, sent: bytes) -> None:
    with address.connect() as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    assert not answer.startswith(b"HTTP/1.1 5")
    assert httpx.get(f"{address.url}/healthz").status_code == 200


def test_a_connection_serves_many_requests(address: Live) -> None:
    with httpx.Client(base_url=address.url) as client:
        for _ in range(5):
            refused(client.post("/v1/activations", json=activation("none")), "LICENSE_NOT_FOUND")
            assert client.get("/healthz").status_code == 200


def test_a_websocket_is_not_served(address: Live) -> None:
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    with address.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + upgrade + key)
        assert not connection.recv(65536).startswith(b"HTTP/1.1 101")


def self_signed(directory: Path) -> tuple[Path, Path]:
    """Make a certificate for the local address; give its file and its key's."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = directory / "cert.pem", directory / "key.pem"
    cert_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return cert_file, key_file


def test_tls(shared_world: World, tmp_path: Path) -> None:
    cert_file, key_file = self_signed(tmp_path)
    trust = ssl.create_default_context(cafile=str(cert_file))
    with live(shared_world, tls_cert=cert_file, tls_key=key_file) as served:
        response = httpx.get(f"{served.url}/readyz", verify=trust)
        assert response.status_code == 200
        plain = Live("http", served.port)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{plain.url}/readyz")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/problems", "/.well-known/jwks.json"])
def test_head_is_answered_without_a_body(address: Live, path: str) -> None:
    """Load balancers and link checkers ask so."""
    with httpx.Client(base_url=address.url) as http:
        told = http.head(path)
        assert (told.status_code, told.content) == (200, b"")
        assert http.get(path).status_code == 200  # on the same connection: nothing was left over
