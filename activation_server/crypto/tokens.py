"""Check-in tokens: proof of having the last answer, checked without touching the database."""

import hmac
from dataclasses import field
from typing import TYPE_CHECKING
from uuid import UUID

from activation_server import base64url, uuids
from activation_server.crypto.mac import MAC_BYTES, Mac

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from activation_server.rules.values import dataclass

_SEQ_BYTES = 6
_LENGTH = 16 + _SEQ_BYTES + MAC_BYTES
MAX_SEQ = 2 ** (8 * _SEQ_BYTES) - 1


@dataclass(frozen=True, slots=True)
class Presented:
    """What an authentic token says."""

    license_id: UUID
    seq: int


@dataclass(frozen=True, slots=True)
class TokenKey:
    """Makes and checks tokens: license id, counter, and a MAC over them and the activation."""

    key: Mac = field(repr=False)

    def make(self, license_id: UUID, activation_id: UUID, seq: int) -> str:
        """Make the token that the next check-in must present."""
        body = license_id.bytes + seq.to_bytes(_SEQ_BYTES)
        raw = body + self.key.of(activation_id.bytes + body)
        return base64url.encode(raw)

    def check(self, token: str, activation_id: UUID) -> Presented | None:
        """Read a token; `None` when it is not one that was made for this activation."""
        try:
            raw = base64url.decode(token)
        except ValueError:
            return None
        body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
        expected = self.key.of(activation_id.bytes + body)
        if len(raw) != _LENGTH or not hmac.compare_digest(mac, expected):
            return None
        return Presented(uuids.from_bytes(body[:16]), int.from_bytes(body[16:]))
