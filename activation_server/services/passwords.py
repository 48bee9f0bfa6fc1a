"""Passwords digested and compared beside the event loop, a few at once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from activation_server.crypto.passwords import SALT_BYTES, Argon2
from activation_server.rules.staff import LONGEST_PASSWORD, password_of

AT_ONCE: Final = 2  # each takes 64 MiB and most of a core


@dataclass(slots=True)
class Passwords:
    """Takes passwords as they were typed."""

    argon2: Argon2 = field(default_factory=Argon2)
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _nobodys: str | None = None

    async def digest(self, typed: str, random_bytes: Callable[[int], bytes]) -> str:
        """Digest a new password."""
        salt = random_bytes(SALT_BYTES)
        async with self._gate:
            return await asyncio.to_thread(self.argon2.digest, password_of(typed), salt)

    async def matches(
        self, digest: str | None, typed: str, random_bytes: Callable[[int], bytes]
    ) -> bool:
        """Tell whether a digest is of this password.

        Without a digest nobody's is compared in its place: who there is shows in no time taken.
        """
        if self._nobodys is None:
            self._nobodys = await self.digest(random_bytes(SALT_BYTES).hex(), random_bytes)
        compared = self._nobodys if digest is None else digest
        given = password_of(typed[: LONGEST_PASSWORD + 1])  # a longer one is wrong as well
        async with self._gate:
            same = await asyncio.to_thread(self.argon2.matches, compared, given)
        return same and digest is not None
