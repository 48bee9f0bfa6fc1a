"""What staff's browsers hold: tokens known by their digests alone, and tickets under a MAC."""

import hashlib
import hmac
import struct
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID

from activation_server import base64url

TOKEN_BYTES: Final = 32
_BODY: Final = struct.Struct(">16sqq8s")
_MAC_BYTES: Final = 32


class Purpose(StrEnum):
    """What a token or a ticket is for; one of another purpose does not fit."""

    SESSION = "session"
    FORM = "form"  # against forged requests: derived from the session's id
    LINK = "link"
    ORDERED = "ordered"  # a secret derived from the form that orders it, so that none is kept
    TOTP = "totp secret"  # derived from the link's token, so that nothing is kept half done
    RECOVERY = "recovery code"
    SECOND_STEP = "second step"  # the password was right, the code is to come
    BROWSER = "known browser"
    PASSKEY = "passkey"  # a ticket that a passkey's challenge is derived from
    NEW_PASSKEY = "new passkey"
    CHALLENGE = "challenge"
    SSO = "single sign-on"  # a ticket that all that is asked of a provider is derived from
    SSO_STEP_UP = "single sign-on again"
    SSO_LINK = "single sign-on to link an account"
    SSO_STATE = "single sign-on state"
    SSO_NONCE = "single sign-on nonce"
    SSO_VERIFIER = "single sign-on code verifier"
    SSO_SECOND_STEP = "second step after single sign-on"
    SSO_SUBJECT = "account at a provider"
    SSO_EMAIL = "address at a provider"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Whom a browser may say it is of; void with other credentials, and after a while."""

    staff_id: UUID
    credentials_at: int  # seconds since 1970
    until: int
    nonce: bytes


@dataclass(frozen=True, slots=True)
class StaffTokens:
    """Makes and checks what browsers hold."""

    key: bytes = field(repr=False)

    def digest(self, purpose: Purpose, token: str) -> bytes:
        """Digest a token; only this server can."""
        return self._mac(purpose, token.encode())

    def make(self, purpose: Purpose, ticket: Ticket) -> str:
        """Write a ticket with its MAC."""
        body = _BODY.pack(ticket.staff_id.bytes, ticket.credentials_at, ticket.until, ticket.nonce)
        return base64url.encode(body + self._mac(purpose, body))

    def check(self, purpose: Purpose, text: str, now: int) -> Ticket | None:
        """Read a ticket; `None` when it is over, or none that was made here for this purpose."""
        try:
            raw = base64url.decode(text)
        except ValueError:
            return None
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if len(body) != _BODY.size or not hmac.compare_digest(mac, self._mac(purpose, body)):
            return None
        staff_id, credentials_at, until, nonce = _BODY.unpack(body)
        ticket = Ticket(UUID(bytes=staff_id), credentials_at, until, nonce)
        return ticket if now < until else None

    def _mac(self, purpose: Purpose, data: bytes) -> bytes:
        return hmac.digest(self.key, purpose.encode() + b"\x00" + data, hashlib.sha256)
