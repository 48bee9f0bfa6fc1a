"""What single sign-on needs of an identity provider, which is loaded when it is first asked."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from activation_server.rules.single_sign_on import Asked, Identity, Returned, SignOnRules


class Provider(Protocol):
    """An identity provider. Every call raises ProviderAwayError, and ends within seconds."""

    async def address(self, asked: Asked, now: datetime) -> str:
        """Give where a browser is sent to sign in."""

    async def identity(self, returned: Returned, asked: Asked, now: datetime) -> Identity:
        """Give who came back with a code. Raises WrongAnswerError."""


@dataclass(slots=True)
class SingleSignOn:
    """The provider that is set up, and what the operator decided about it."""

    rules: SignOnRules
    make: Callable[[], Provider] = field(repr=False)
    _made: Provider | None = field(default=None, repr=False)

    async def provider(self) -> Provider:
        """Give the provider; its library takes long to load, so that is done beside the loop."""
        if self._made is None:
            self._made = await asyncio.to_thread(self.make)
        return self._made
