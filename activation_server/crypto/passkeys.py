"""Passkeys (WebAuthn, Level 3): made for this server, by somebody whom the device has verified.

What a device says of itself (attestation) is not asked for: it would tell of the person. The
library takes long to load, and few need it: call `load` first, beside the event loop.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar
from uuid import UUID

from activation_server import base64url

LONGEST_ANSWER: Final = 16 * 1024
_TIMEOUT: Final = 120_000  # milliseconds
Result = TypeVar("Result")


class PasskeyError(Exception):
    """An answer of a device that is not taken."""


@dataclass(frozen=True, slots=True)
class Site:
    """What passkeys are bound to: a domain, and the address of its pages."""

    domain: str
    origin: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """The half of a passkey that the server has."""

    credential_id: bytes
    public_key: bytes = field(repr=False)
    sign_count: int


def load() -> None:
    """Load the library; what follows loads it by itself, and holds up whoever waits."""
    import webauthn  # noqa: F401, PLC0415


def options_to_make(
    site: Site, challenge: bytes, staff_id: UUID, name: str, known: Sequence[bytes]
) -> str:
    """Give what a browser is asked, as JSON, to make a passkey that the device has not yet."""
    import webauthn  # noqa: PLC0415 - see `load`
    from webauthn.helpers.structs import (  # noqa: PLC0415
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    return webauthn.options_to_json(
        webauthn.generate_registration_options(
            rp_id=site.domain,
            rp_name=site.domain,
            user_name=name,
            user_id=staff_id.bytes,
            challenge=challenge,
            timeout=_TIMEOUT,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        )
    )


def options_to_use(site: Site, challenge: bytes) -> str:
    """Give what a browser is asked, as JSON, to use any passkey of this server."""
    return json.dumps(  # by hand: every sign-in page has it, and most are of who has no passkey
        {
            "challenge": base64url.encode(challenge),
            "timeout": _TIMEOUT,
            "rpId": site.domain,
            "allowCredentials": [],
            "userVerification": "required",
        }
    )


def made(site: Site, challenge: bytes, answer: str) -> Passkey:
    """Read a passkey that was made. Raises PasskeyError."""
    import webauthn  # noqa: PLC0415 - see `load`

    found = _careful(
        lambda: webauthn.verify_registration_response(
            credential=_bounded(answer),
            expected_challenge=challenge,
            expected_rp_id=site.domain,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    )
    return Passkey(found.credential_id, found.credential_public_key, found.sign_count)


def used(site: Site, challenge: bytes, answer: str, passkey: Passkey) -> int:
    """See that a passkey answered; give its new count. Raises PasskeyError."""
    import webauthn  # noqa: PLC0415 - see `load`

    found = _careful(
        lambda: webauthn.verify_authentication_response(
            credential=_bounded(answer),
            expected_challenge=challenge,
            expected_rp_id=site.domain,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    )
    return found.new_sign_count


def named(answer: str) -> bytes:
    """Give the id of the passkey that an answer says it is of. Raises PasskeyError."""

    def read() -> bytes:
        return base64url.decode(json.loads(_bounded(answer))["id"])

    return _careful(read)


def _bounded(answer: str) -> str:
    if len(answer) > LONGEST_ANSWER:
        raise PasskeyError
    return answer


def _careful(work: Callable[[], Result]) -> Result:
    try:
        return work()
    except Exception:  # noqa: BLE001 - whatever the library makes of hostile bytes, it is no answer
        raise PasskeyError from None
