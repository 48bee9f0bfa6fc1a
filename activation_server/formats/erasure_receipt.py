"""The receipt of an erasure: a compact JWS (RFC 7515) that says what went, and names nobody."""

from datetime import datetime

TYPE = "erasure-receipt+jwt"
ALGORITHM = "EdDSA"

Json = dict[str, object]


def header(kid: str) -> Json:
    """Give the protected header."""
    return {"alg": ALGORITHM, "kid": kid, "typ": TYPE}


def claims(issuer: str, at: datetime, number: int, people: int, computers: int) -> Json:
    """Give what is signed: `number` is that of the last entry in the erasure ledger.

    `people` counts a person once for each license; `computers` those whose names and comments went.
    """
    return {
        "iss": issuer,
        "iat": int(at.timestamp()),
        "ledger": number,
        "people": people,
        "computers": computers,
    }
