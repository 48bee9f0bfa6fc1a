"""A checkpoint of the audit log: a compact JWS (RFC 7515) that is never taken for a certificate."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from activation_server import base64url
from activation_server.rules.audit import Checkpoint, Link

TYPE = "audit-checkpoint+jwt"
ALGORITHM = "EdDSA"

Json = dict[str, object]


def header(kid: str) -> Json:
    """Give the protected header."""
    return {"alg": ALGORITHM, "kid": kid, "typ": TYPE}


def claims(checkpoint: Checkpoint, issuer: str) -> Json:
    """Give what is signed; `at` is the time of the entry, `iat` that of the checkpoint."""
    link = checkpoint.link
    return {
        "iss": issuer,
        "iat": int(checkpoint.made_at.timestamp()),
        "seq": link.seq,
        "at": None if link.at is None else int(link.at.timestamp()),
        "digest": link.digest.hex(),
        "forgotten": checkpoint.forgotten,
    }


def read(claims: Mapping[str, Any]) -> Checkpoint:
    """Read claims whose signature was checked."""
    at, made_at = (datetime.fromtimestamp(claims[name], UTC) for name in ("at", "iat"))
    link = Link(claims["seq"], at, bytes.fromhex(claims["digest"]))
    return Checkpoint(link, made_at, claims["forgotten"])


def key_id(token: str) -> str | None:
    """Tell which key a token says it is signed with; none where it is no token."""
    try:
        return str(json.loads(base64url.decode(token.partition(".")[0]))["kid"])
    except (ValueError, KeyError, TypeError):
        return None
