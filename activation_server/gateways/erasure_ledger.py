"""The erasure ledger: a file that only grows, a line of JSON an entry, durable before it counts."""

import asyncio
import fcntl
import json
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from activation_server import base64url
from activation_server.rules.erasure import Erased, Erasure, LedgerEntry
from activation_server.rules.errors import OperatorError

Mac = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class ErasureLedger:
    """The ledger's file, and the keyed digest that chains its entries."""

    path: Path
    mac: Mac = field(repr=False)
    _mine: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Let nobody else append until the end, in this process or another. Raises OperatorError.

        Others go on meanwhile: a replay may hold it for minutes.
        """
        async with self._mine:
            file = self._opened()
            locking = asyncio.ensure_future(asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX))
            try:
                await asyncio.shield(locking)
            except asyncio.CancelledError:
                locking.add_done_callback(lambda _done: file.close())
                raise
            with file:  # the lock goes with it
                yield

    def _opened(self) -> BinaryIO:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = self.path.open("ab")
        except OSError as error:
            raise self._unusable(error) from None
        self.path.chmod(0o600)
        return file

    def read(self) -> Sequence[LedgerEntry]:
        """Give all entries. Raises OperatorError when one is not as it was written.

        A last line without an end was cut off by a crash: it was never carried out.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unusable(error) from None
        entries: list[LedgerEntry] = []
        for line in data.split(b"\n")[:-1]:
            entry = _entry(line)
            if entry is None or self._chained(entries, entry.at, entry.erasure) != entry:
                msg = (
                    f"Line {len(entries) + 1} of the erasure ledger {self.path} is not as it was "
                    "written; restore the file from its copy."
                )
                raise OperatorError(msg)
            entries.append(entry)
        return entries

    def count(self) -> int:
        """Count the entries without reading them. Raises OperatorError."""
        try:
            return self.path.read_bytes().count(b"\n")
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise self._unusable(error) from None

    def append(self, new: Sequence[Erasure], at: datetime) -> Sequence[LedgerEntry]:
        """Write entries, durably; give the whole ledger. The ledger is locked."""
        entries = list(self.read())
        known = len(entries)
        for erasure in new:
            entries.append(self._chained(entries, at, erasure))
        try:
            with self.path.open("r+b") as file:
                whole = file.read().rfind(b"\n") + 1
                file.truncate(whole)
                file.seek(whole)
                file.writelines(_line(entry) for entry in entries[known:])
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._unusable(error) from None
        return entries

    def _chained(
        self, before: Sequence[LedgerEntry], at: datetime, erasure: Erasure
    ) -> LedgerEntry:
        number, last = len(before) + 1, before[-1].mac if before else b""
        fields = (str(number), at.isoformat(), erasure.kind, base64url.encode(erasure.digest))
        return LedgerEntry(number, at, erasure, self.mac(last + "\x00".join(fields).encode()))

    def _unusable(self, error: OSError) -> OperatorError:
        return OperatorError(
            f"The erasure ledger {self.path} can't be used: {error.strerror}. "
            "ACTIVATION_ERASURE_LEDGER names its place."
        )


def _line(entry: LedgerEntry) -> bytes:
    document = {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "kind": entry.erasure.kind,
        "digest": base64url.encode(entry.erasure.digest),
        "mac": base64url.encode(entry.mac),
    }
    return json.dumps(document).encode() + b"\n"


def _entry(line: bytes) -> LedgerEntry | None:
    try:
        document = json.loads(line)
        erasure = Erasure(Erased(document["kind"]), base64url.decode(document["digest"]))
        at = datetime.fromisoformat(document["at"])
        return LedgerEntry(document["number"], at, erasure, base64url.decode(document["mac"]))
    except (ValueError, KeyError, TypeError):
        return None
