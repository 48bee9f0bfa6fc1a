"""Keyed digests (HMAC-SHA256, RFC 2104): what values are found by without being readable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from activation_server.crypto.mac import Mac


def derive(root: bytes, purpose: str) -> bytes:
    """Derive the 32-byte key of one purpose from the root secret (HKDF-SHA256, RFC 5869)."""
    return HKDF(hashes.SHA256(), 32, salt=None, info=purpose.encode()).derive(root)


def hardware_digests(salt: bytes, values: Mapping[str, str]) -> dict[str, bytes]:
    """Digest component values with their license's salt, as the certificate's `hw` claim has them.

    Each by itself: 16 bytes.
    """
    digest = Mac(salt).of
    return {name: digest(value.encode()) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Digester:
    """Digests that only this server can make."""

    key_lookup: Mac = field(repr=False)
    hardware_lookup: Mac = field(repr=False)
    request: Mac = field(repr=False)
    activation: Mac = field(repr=False)
    told: Mac = field(repr=False)
    erasure: Mac = field(repr=False)
    api_token: Mac = field(repr=False)
    tool_request: Mac = field(repr=False)
    person: Mac = field(repr=False)

    @classmethod
    def from_root(cls, root: bytes) -> "Digester":
        """Derive all keys from the root secret."""
        return cls(
            key_lookup=Mac(derive(root, "license key look-up")),
            hardware_lookup=Mac(derive(root, "hardware look-up")),
            request=Mac(derive(root, "request digest")),
            activation=Mac(derive(root, "activation id")),
            told=Mac(derive(root, "what is told of a person")),
            erasure=Mac(derive(root, "erasure ledger")),
            api_token=Mac(derive(root, "API token")),
            tool_request=Mac(derive(root, "requests of tools")),
            person=Mac(derive(root, "what a person is and was")),
        )

    def license_key(self, product: str, kind: str, form: str) -> bytes:
        """Digest one look-up form of a license key; other products give other digests."""
        return self.key_lookup.of(f"{product}\x00{kind}\x00{form}".encode())

    def hardware(self, identity: Mapping[str, str]) -> bytes:
        """Digest a computer's identity for look-up across licenses."""
        parts = (f"{name}\x00{value}" for name, value in sorted(identity.items()))
        return self.hardware_lookup.of("\x01".join(parts).encode())

    def request_body(self, body: bytes) -> bytes:
        """Digest a request's body, to tell a retry from a reuse of its id."""
        return self.request.of(body)

    def of_told(self, activation_id: UUID, told: bytes) -> bytes:
        """Digest what an app told of a person; other computers give other digests."""
        return self.told.of(activation_id.bytes + told)

    def of_superseded(self, license_id: UUID, form: str, text: str) -> bytes:
        """Digest what a person's data was before it was put right; other licenses, other ones."""
        parts = (b"superseded", license_id.bytes, form.encode(), text.encode())
        return self.person.of(b"\x00".join(parts))[:16]

    def of_person_version(self, person_id: UUID, values: bytes) -> bytes:
        """Digest what is known of a person, to tell whether it changed."""
        return self.person.of(b"version\x00" + person_id.bytes + values)[:16]

    def of_person(self, license_id: UUID, person_id: UUID) -> bytes:
        """Digest which person of which license is erased."""
        return self.erasure.of(b"person\x00" + license_id.bytes + person_id.bytes)

    def of_email(self, folded: str) -> bytes:
        """Digest an e-mail address that is erased, or gets no newsletter."""
        return self.erasure.of(b"email\x00" + folded.encode())

    def of_ledger(self, entry: bytes) -> bytes:
        """Digest an entry of the erasure ledger with the one before."""
        return self.erasure.of(b"entry\x00" + entry)

    def of_api_token(self, secret: bytes) -> bytes:
        """Digest an API token: who can only write into the database can make none that is taken."""
        return self.api_token.of(secret)

    def of_tool_request(self, kind: bytes, data: bytes) -> bytes:
        """Digest what a tool asks, or the key that it names it by."""
        return self.tool_request.of(kind + b"\x00" + data)

    def of_made_key(self, request: bytes, number: int) -> bytes:
        """Derive the random bits of a license key: of a request's row always the same ones."""
        return self.tool_request.of(b"made key\x00%d\x00" % number + request)

    def activation_id(self, license_id: UUID, request_id: UUID) -> UUID:
        """Derive the id of the activation that a request makes (UUID version 8, RFC 9562).

        The same request makes the same id, so it can never make two activations. The first six
        bytes are the license's, so an activation is found by its id alone through the license.
        """
        tail = self.activation.of(license_id.bytes + request_id.bytes)[:10]
        raw = bytearray(license_id.bytes[:6] + tail)
        raw[6] = raw[6] & 0x0F | 0x80
        raw[8] = raw[8] & 0x3F | 0x80
        return UUID(bytes=bytes(raw))
