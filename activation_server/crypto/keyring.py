"""The unlocked keys of a running server, and how they are wrapped by the master key."""

from dataclasses import dataclass, field
from uuid import UUID

from activation_server.crypto.digests import Digester, derive
from activation_server.crypto.mac import Mac
from activation_server.crypto.master_keys import MasterKeys
from activation_server.crypto.sealed import Place, SealingKey
from activation_server.crypto.signing import SigningKey
from activation_server.crypto.staff_tokens import StaffTokens
from activation_server.crypto.tokens import TokenKey
from activation_server.crypto.vault import Vault

ROOT = "root"  # the one secret that look-ups, tokens and sealing are derived from


def root_place() -> Place:
    """Where the wrapped root secret is kept."""
    return Place("wrapped_secrets", "wrapped", ROOT)


def signing_key_place(number: int) -> Place:
    """Where the wrapped seed of a signing key is kept."""
    return Place("signing_keys", "wrapped_seed", str(number))


def license_key_place(license_id: str) -> Place:
    """Where the sealed copy of a license key is kept."""
    return Place("licenses", "key_sealed", license_id)


def order_place(license_id: str) -> Place:
    """Where the sealed reference of a license's order is kept."""
    return Place("licenses", "order_sealed", license_id)


def password_place(staff_id: UUID) -> Place:
    """Where the sealed digest of somebody's password is kept."""
    return Place("staff", "password_sealed", str(staff_id))


def totp_place(staff_id: UUID) -> Place:
    """Where the sealed secret of somebody's authenticator app is kept."""
    return Place("staff", "totp_sealed", str(staff_id))


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys, unlocked at the start; signing keys that other processes make join later."""

    digester: Digester
    tokens: TokenKey
    license_keys: SealingKey
    notes: SealingKey  # what operators write in free words
    answers: SealingKey  # to tools, kept for their retries
    credentials: SealingKey  # passwords' digests and TOTP secrets of staff
    searches: SealingKey  # texts that staff search for, in addresses
    staff_tokens: StaffTokens
    master: MasterKeys
    vault: Vault
    signing: dict[int, SigningKey] = field(repr=False)  # by number; which one signs: the database

    @classmethod
    def unlocked(cls, root: bytes, signing: dict[int, SigningKey], master: MasterKeys) -> "Keyring":
        """Derive the working keys from the root secret."""
        return cls(
            digester=Digester.from_root(root),
            tokens=TokenKey(Mac(derive(root, "check-in token"))),
            license_keys=SealingKey(derive(root, "license key copies"), master.random_bytes),
            notes=SealingKey(derive(root, "operator notes"), master.random_bytes),
            answers=SealingKey(derive(root, "answers to tools"), master.random_bytes),
            credentials=SealingKey(derive(root, "staff credentials"), master.random_bytes),
            searches=SealingKey(derive(root, "searches of staff"), master.random_bytes),
            staff_tokens=StaffTokens(derive(root, "staff tokens")),
            master=master,
            vault=Vault(master, Mac(derive(root, "blind index"))),
            signing=signing,
        )
