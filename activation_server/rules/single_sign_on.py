"""Single sign-on: what an identity provider says of somebody, and what it is worth here."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from activation_server.rules.errors import OperatorError
from activation_server.rules.permissions import Role

SSO_WITHIN: Final = timedelta(minutes=10)  # for what there is to do at the provider
SKEW: Final = timedelta(minutes=1)  # between the provider's clock and this one

_EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@]{1,190}")


class ProviderAwayError(Exception):
    """The provider does not answer in time, or not as one does; `kind` is for the log."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class WrongAnswerError(Exception):
    """What the provider answered proves nothing; `kind` is for the log."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Asked:
    """What a browser asks of the provider; all of it is derived from the browser's ticket."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    redirect_uri: str
    anew: bool = False  # the provider is to ask for the password, or the like, again


@dataclass(frozen=True, slots=True)
class Returned:
    """What a browser brings back from the provider."""

    state: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    failed: bool = False  # the provider says that it did not sign anybody in
    issuer: str | None = None  # RFC 9207


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at the provider, as its ID token proves; `email` only where verified."""

    issuer: str
    subject: str = field(repr=False)
    email: str | None = field(default=None, repr=False)
    signed_in_at: datetime | None = None
    methods: Collection[str] = ()  # `amr`
    level: str | None = None  # `acr`


@dataclass(frozen=True, slots=True)
class SignOnRules:
    """What an operator decided about the provider's sign-ins."""

    provider: str  # its name, as staff know it
    two_factors: bool = False  # each of them counts as two factors
    methods: frozenset[str] = frozenset()  # one of these in `amr` does
    levels: frozenset[str] = frozenset()  # one of these in `acr` does
    required: bool = False  # nobody but administrators signs in without

    def may_be_two(self) -> bool:
        """Tell whether any sign-in at the provider counts as two factors."""
        return self.two_factors or bool(self.methods or self.levels)

    def is_two(self, identity: Identity) -> bool:
        """Tell whether this one does."""
        return (
            self.two_factors
            or not self.methods.isdisjoint(identity.methods)
            or identity.level in self.levels
        )

    def is_due_for(self, role: Role) -> bool:
        """Tell whether staff of a role must sign in with it."""
        return self.required and role is not Role.ADMINISTRATOR


def is_anew(identity: Identity, since: datetime) -> bool:
    """Tell whether somebody signed in at the provider again, since they were asked to."""
    return identity.signed_in_at is not None and identity.signed_in_at >= since - SKEW


def email_form(address: str) -> str:
    """Give an address as it is compared: letters a to z in any case, nothing else alike."""
    return address.strip().encode().lower().decode()


def checked_email(typed: str) -> str:
    """Give an address that somebody may be known by. Raises OperatorError."""
    address = email_form(typed)
    if _EMAIL.fullmatch(address) is None:
        raise OperatorError("An e-mail address looks like ana@example.com.")
    return address
