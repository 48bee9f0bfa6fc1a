"""A license server in a thread: real HTTP, real signatures, and it fails on demand."""

import base64
import hashlib
import hmac
import json
import ssl
import threading
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Json = dict[str, Any]

NOW = 1_800_000_000  # 2027-01-15T08:00:00Z
DAY = 86_400
HW_SALT = bytes(range(16))
TRIAL_KEY = "TRIAL-KEY"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(key: Ed25519PrivateKey, header: Json, claims: Json) -> str:
    parts = [b64(json.dumps(part).encode()) for part in (header, claims)]
    return ".".join([*parts, b64(key.sign(".".join(parts).encode()))])


@dataclass
class Lost:
    """The request arrives and is carried out; the connection then closes without an answer."""


@dataclass
class Reply:
    """This, instead of carrying the request out."""

    status: int
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


def problem(status: int, code: str, **more: object) -> Reply:
    body = {"status": status, "code": code, "detail": f"Sentence for {code}.", **more}
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/problem+json"})


@dataclass
class LicenseServer:
    """The happy path of the protocol, with hooks to go wrong."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    kid: str = "key-1"
    now: int = NOW
    lifetime: int | None = 30 * DAY
    next: deque[Lost | Reply] = field(default_factory=deque)
    edit: Callable[[Json], object] = lambda _: None  # the claims, before signing
    header: Json = field(default_factory=dict)  # over the usual one
    mangle: Callable[[str], str] = lambda token: token
    seen: list[tuple[str, Json]] = field(default_factory=list)
    answers: dict[str, Json] = field(default_factory=dict)
    seqs: dict[str, int] = field(default_factory=dict)
    jwks_fetched: int = 0
    url: str = ""

    def jwks(self) -> Json:
        x = b64(self.key.public_key().public_bytes_raw())
        other = {"kty": "EC", "crv": "P-256", "kid": "ec", "x": "AA", "y": "AA"}
        mine = {"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": x, "alg": "EdDSA"}
        return {"keys": [other, mine]}

    @property
    def bodies(self) -> list[Json]:
        return [body for _, body in self.seen]

    def answer(self, path: str, body: Json) -> Json:
        if body["request_id"] not in self.answers:
            self.answers[body["request_id"]] = self._carry_out(path, body)
        return self.answers[body["request_id"]]

    def _carry_out(self, path: str, body: Json) -> Json:
        if path.endswith("/deactivation"):
            return {"status": "deactivated", "seats": {"limit": 3, "used": 0}}
        parts, trial = path.split("/"), path == "/v1/trials"
        id_ = str(uuid.uuid4()) if len(parts) == 3 else parts[3]
        if id_ in self.seqs:
            assert body["check_in_token"] == f"token-{self.seqs[id_]}", "the client forked"
        seq = self.seqs[id_] = self.seqs.get(id_, 0) + 1
        return {
            "status": "activated" if seq == 1 else "reactivated",
            "activation_id": id_,
            "certificate": self.certificate(id_, seq, body, "trial" if trial else "perpetual"),
            **({"license_key": TRIAL_KEY} if trial else {}),
            "check_in_token": f"token-{seq}",
            "check_in_after": "2027-01-22T08:00:00Z",
            "certificate_expires": "2027-02-14T08:00:00Z",
            "seats": {"limit": 3, "used": 1},
            "notices": [{"code": "OVERAGE", "message": "One more than paid."}],
        }

    def certificate(self, id_: str, seq: int, body: Json, kind: str) -> str:
        values = {"hardware_id": body["hardware_id"], **body.get("hardware", {})}
        components = {
            name: {
                "digest": b64(hmac.new(HW_SALT, v.encode(), hashlib.sha256).digest()[:16]),
                "weight": 100 if name == "hardware_id" else 10,
                "anchor": name == "hardware_id",
            }
            for name, v in values.items()
        }
        claims = {
            "v": 1,
            "iss": "https://licenses.example",
            "aud": body.get("product", "backup-pro"),
            "sub": id_,
            "jti": f"{id_}.{seq}",
            "iat": self.now,
            "nonce": body["nonce"],
            "seq": seq,
            "check_in_after": self.now + 7 * DAY,
            "lic": {"id": "license", "edition": "pro", "kind": kind},
            "hw": {"salt": b64(HW_SALT), "need": 100, "components": components},
        }
        if self.lifetime is not None:
            claims["exp"] = self.now + self.lifetime
        self.edit(claims)
        header = {"alg": "EdDSA", "typ": "activation+jwt", "kid": self.kid, **self.header}
        return self.mangle(sign(self.key, header, claims))

    def start(self, tls: ssl.SSLContext | None = None) -> ThreadingHTTPServer:
        http = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        if tls:
            http.socket = tls.wrap_socket(http.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{http.server_port}"
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        return http


def handler(license_server: LicenseServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            license_server.jwks_fetched += 1
            self.send(Reply(200, json.dumps(license_server.jwks()).encode()))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            license_server.seen.append((self.path, body))
            planned = license_server.next.popleft() if license_server.next else None
            if isinstance(planned, Reply):
                self.send(planned)
                return
            answer = license_server.answer(self.path, body)
            if planned is None:
                self.send(Reply(200, json.dumps(answer, indent=3).encode()))
            self.close_connection = True

        def send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            headers = {"Content-Type": "application/json", **reply.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    return Handler
