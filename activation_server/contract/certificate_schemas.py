"""Schemas of what is signed and of the keys that check it, which no model of the server writes."""

from typing import Any, Final

Json = dict[str, Any]

_SECONDS: Final[Json] = {"type": "integer", "minimum": 0}
_DIGEST: Final[Json] = {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$"}  # 16 bytes


def _nullable(schema: Json, description: str) -> Json:
    return {"anyOf": [schema, {"type": "null"}], "description": description}


_LICENSE: Final[Json] = {
    "type": "object",
    "description": "What the license covers at `iat`.",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "edition": _nullable({"type": "string"}, "null when the license names none"),
        "kind": {"enum": ["perpetual", "subscription", "trial"]},
        "seats": _nullable({"type": "integer", "minimum": 0}, "null when unlimited"),
        "expires": _nullable(_SECONDS, "end of the license before any grace; null for never"),
        "maintenance_until": _nullable(
            _SECONDS, "app versions released until then are covered; null for all"
        ),
        "features": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["id", "edition", "kind", "seats", "expires", "maintenance_until", "features"],
}

_COMPONENT: Final[Json] = {
    "type": "object",
    "properties": {
        "digest": {
            **_DIGEST,
            "description": "first 16 bytes of HMAC-SHA256(salt, UTF-8 of the value), base64url",
        },
        "weight": {"type": "integer", "minimum": 0},
        "anchor": {"type": "boolean"},
    },
    "required": ["digest", "weight", "anchor"],
}

_HARDWARE: Final[Json] = {
    "type": "object",
    "description": (
        "The computer. It is this one when at least one anchor matches and the weights of all "
        "components that match add up to `need` or more."
    ),
    "properties": {
        "salt": {**_DIGEST, "description": "16 bytes in base64url, decoded before use"},
        "need": {"type": "integer", "minimum": 0},
        "components": {"type": "object", "additionalProperties": _COMPONENT},
    },
    "required": ["salt", "need", "components"],
}

CERTIFICATE_CLAIMS: Final[Json] = {
    "description": (
        "Payload of the activation certificate, a compact JWS (RFC 7515) with the protected header "
        '`{"alg": "EdDSA" or "Ed25519", "kid": ..., "typ": "activation+jwt"}`. Times are seconds '
        "since the epoch."
    ),
    "type": "object",
    "properties": {
        "v": {"const": 1, "description": "refuse any other version"},
        "iss": {"type": "string", "description": "URL of the server"},
        "aud": {"type": "string", "description": "product code"},
        "sub": {"type": "string", "format": "uuid", "description": "activation id"},
        "jti": {"type": "string", "description": "unique per certificate"},
        "iat": {**_SECONDS, "description": "when it was issued"},
        "exp": {
            **_SECONDS,
            "description": "end of the certificate; absent when it has none",
        },
        "nonce": {
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]{22,86}$",
            "description": "the request's nonce, echoed",
        },
        "seq": {
            "type": "integer",
            "minimum": 1,
            "description": "check-in counter; never accept a lower one than was seen",
        },
        "check_in_after": {**_SECONDS, "description": "when to check in next"},
        "lic": _LICENSE,
        "hw": _HARDWARE,
    },
    "required": [
        *("v", "iss", "aud", "sub", "jti", "iat"),
        *("nonce", "seq", "check_in_after", "lic", "hw"),
    ],
}

JWKS: Final[Json] = {
    "description": (
        "Answer of `GET /.well-known/jwks.json`: the public keys (RFC 7517, RFC 8037). "
        "Ignore entries of other key types."
    ),
    "type": "object",
    "properties": {
        "keys": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "kty": {"const": "OKP"},
                    "crv": {"const": "Ed25519"},
                    "x": {
                        "type": "string",
                        "pattern": "^[A-Za-z0-9_-]{43}$",
                        "description": "the 32 bytes of the public key, base64url",
                    },
                    "kid": {"type": "string", "description": "its JWK thumbprint (RFC 7638)"},
                    "use": {"const": "sig"},
                },
                "required": ["kty", "crv", "x", "kid"],
            },
        }
    },
    "required": ["keys"],
}
