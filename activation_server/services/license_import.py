"""Import the licenses of another system from a CSV file: all of them, or none."""

import asyncio
import heapq
import json
import os
from array import array
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from activation_server.crypto.keyring import license_key_place
from activation_server.formats import license_csv, license_key, license_lines
from activation_server.formats.license_csv import LicenseRow, Problem, Record
from activation_server.rules.audit import Action
from activation_server.rules.errors import OperatorError
from activation_server.rules.history import EventKind
from activation_server.rules.person import Person
from activation_server.services import audit, people
from activation_server.services.calls import key_digests, sealed_order
from activation_server.services.context import Context
from activation_server.services.licensing import SALT_BYTES
from activation_server.services.products import STANDARD
from activation_server.store import license_import as store
from activation_server.store import products
from activation_server.store import terms as terms_json
from activation_server.store.database import Connection
from activation_server.store.license_import import StagedLicense

LINE_LIMIT = 1 << 20  # characters read at once; no license takes so many
WRITTEN_LINES = 20_000  # at once
_ROWS_AT_ONCE = 5
_TOLD_ROWS = 500  # from one telling of progress to the next
_NAMED = 20  # products or policies in one message
_REPEATED = "Remove this row: its key stands for this product on line {} already."


class Phase(StrEnum):
    """What an import is doing: reading the file, then writing to the database."""

    CHECKING = "Checking"
    WRITING = "Writing"


# Told the phase, how far it is, and how far it goes: in bytes of the file, then in its lines.
Progress = Callable[[Phase, int, int], None]


class Problems:
    """What is wrong, in the order of lines; small, as one wrong column makes a million of them."""

    def __init__(self) -> None:
        self._lines, self._texts, self._earlier = array("q"), array("l"), array("q")
        self._known: dict[tuple[str, str], int] = {}

    def add(self, line: int, column: str, message: str, earlier: int = 0) -> None:
        """Note a problem; `{}` in its message stands for the number of an earlier line."""
        self._lines.append(line)
        self._texts.append(self._known.setdefault((column, message), len(self._known)))
        self._earlier.append(earlier)

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Problem]:
        texts = list(self._known)
        for line, text, earlier in zip(self._lines, self._texts, self._earlier, strict=True):
            column, message = texts[text]
            yield Problem(line, column, message.format(earlier) if earlier else message)


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, or what is wrong with its file: then it did nothing."""

    rows: int
    imported: int
    skipped: int  # their keys were there already
    of_rows: Problems = field(default_factory=Problems)
    of_keys: Problems = field(default_factory=Problems)

    @property
    def faults(self) -> int:
        """How many problems there are."""
        return len(self.of_rows) + len(self.of_keys)

    def problems(self) -> Iterator[Problem]:
        """Give every problem by its line."""
        return heapq.merge(self.of_rows, self.of_keys, key=lambda problem: problem.line)


@dataclass(frozen=True, slots=True)
class Form:
    """What a file is: how it is read, what its rows must have, how a key is made for one."""

    read: license_lines.Read = license_csv.read
    required: Collection[str] = license_csv.REQUIRED
    made_key: Callable[[int], str] | None = None  # by the line
    reason: str | None = field(default=None, repr=False)  # for the audit log

    def key_of(self, row: LicenseRow) -> str:
        """Give the key of a row, made where it brings none."""
        if row.license_key is not None or self.made_key is None:
            return row.license_key or ""
        return self.made_key(row.line)


Source = Path | BinaryIO  # a file by its name, or one that is open, and read from its beginning


async def import_licenses(
    context: Context, source: Source, progress: Progress, *, dry_run: bool, form: Form = Form()
) -> Report:
    """Check a whole file and, if nothing is wrong with it, import it; a dry run only checks.

    A key that its product has already is skipped, so a file may be imported again. Should the
    connection get lost just in the commit, the second attempt tells all rows as skipped.
    Raises OperatorError when the file can't be read or another import is running.
    """

    async def work(connection: Connection) -> Report:
        await store.begin(connection, alone=not dry_run)
        offers = {
            product.code: await products.policy_names(connection, product.code)
            for product in await products.all_products(connection)
        }
        check = _Check(context, offers, progress, dry_run=dry_run, form=form)
        with closing(File(source)) as file:  # anew in each attempt
            await store.stage(connection, check.staged(file))
        of_keys = Problems()
        async for line, first in store.repeated(connection):
            of_keys.add(line, "license_key", _REPEATED, first)
        skipped = await store.drop_known(connection)
        if dry_run or check.problems or of_keys:
            return Report(check.rows, 0, skipped, check.problems, of_keys)
        await _write(context, connection, check.last_line, progress)
        report = Report(check.rows, check.rows - skipped, skipped)
        if report.imported:
            details = {"imported": report.imported, "skipped": skipped}
            await audit.note(context, connection, Action.IMPORTED, details=details, why=form.reason)
        return report

    return await context.database.transact(work)


async def _write(
    context: Context, connection: Connection, last_line: int, progress: Progress
) -> None:
    at = context.clock()
    for after in range(0, last_line, WRITTEN_LINES):
        progress(Phase.WRITING, after, last_line)
        await store.write(connection, after, after + WRITTEN_LINES, EventKind.IMPORTED, at)
    progress(Phase.WRITING, last_line, last_line)


class File:
    """The file's lines as text, and how many of its bytes are read."""

    def __init__(self, source: Source) -> None:
        try:
            self._bytes, self._mine = _opened(source), isinstance(source, Path)
            self.size = os.fstat(self._bytes.fileno()).st_size
            self._text = TextIOWrapper(
                self._bytes, encoding="utf-8-sig", errors="surrogateescape", newline=""
            )
        except OSError as error:
            raise _unreadable(error) from None

    def lines(self) -> Iterator[str]:
        """Give the lines with their ends, undecodable bytes as lone surrogates."""
        try:
            while line := self._text.readline(LINE_LIMIT):
                yield line
        except OSError as error:
            raise _unreadable(error) from None

    def position(self) -> int:
        """Give how many bytes are read."""
        return self._bytes.tell()

    def close(self) -> None:
        """Close the file, if it was opened here."""
        if self._mine:
            self._text.close()
        else:
            self._text.detach()


def _opened(source: Source) -> BinaryIO:
    if isinstance(source, Path):
        return source.open("rb")
    source.seek(0)
    return source


def _unreadable(error: OSError) -> OperatorError:
    return OperatorError(f"The file can't be read: {error.strerror or type(error).__name__}.")


class _Check:
    """One reading of the file: stages what its rows say and gathers what is wrong with them.

    Once something is wrong nothing will be written: then only what comparing needs is staged.
    """

    def __init__(
        self,
        context: Context,
        offers: Mapping[str, Sequence[str]],
        progress: Progress,
        *,
        dry_run: bool,
        form: Form,
    ) -> None:
        self.rows, self.last_line, self.problems = 0, 0, Problems()
        self._context, self._now = context, context.now()
        self._offers, self._progress, self._dry_run = offers, progress, dry_run
        self._form = form

    async def staged(self, file: File) -> AsyncIterator[StagedLicense]:
        """Give what is to be staged, row by row."""
        faults, records = self._form.read(file.lines(), self._form.required)
        for fault in faults:
            self.problems.add(fault.line, fault.column, fault.message)
        for record in records:
            if self.rows % _TOLD_ROWS == 0:
                self._progress(Phase.CHECKING, file.position(), file.size)
            if self.rows % _ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)  # lets Ctrl-C in, and a server's other requests
            self.rows, self.last_line = self.rows + 1, record.line
            self._note(record)
            if record.row is not None:
                yield self._stage(record.row)
        self._progress(Phase.CHECKING, file.size, file.size)

    def _note(self, record: Record) -> None:
        for problem in record.problems:
            self.problems.add(problem.line, problem.column, problem.message)
        row = record.row
        if row is None:
            return
        policies = self._offers.get(row.product)
        if policies is None:
            self.problems.add(row.line, "product", _choose("product", list(self._offers)))
        elif (row.policy or STANDARD) not in policies:
            self.problems.add(row.line, "policy", _choose("policy", policies))

    def _stage(self, row: LicenseRow) -> StagedLicense:
        typed = self._form.key_of(row)
        own = license_key.parse(typed)
        key = own or typed
        exact, folded = key_digests(self._context, row.product, key)
        digest, also = (exact, folded) if own is None else (folded, None)
        if _folds_like_ours(key):
            also = None
        if self._dry_run or self.problems:
            return StagedLicense(row.line, digest)
        chance, license_id = self._context.randomness, self._context.randomness.uuid()
        order_sealed, order_token = sealed_order(self._context, license_id, row.order_reference)
        staged = StagedLicense(
            line=row.line,
            digest=digest,
            folded=also,
            license_id=license_id,
            product=row.product,
            policy=row.policy or STANDARD,
            status=row.status,
            overrides=json.dumps(terms_json.overrides_to_json(row.terms)),
            issued_at=row.issued_at or self._now,
            expires_at=row.expires_at,
            maintenance_until=row.maintenance_until,
            order_sealed=order_sealed,
            order_token=order_token,
            key_tail=license_key.tail(key),
            key_sealed=self._context.keyring.license_keys.seal(
                key.encode(), license_key_place(str(license_id))
            ),
            hardware_salt=chance.random_bytes(SALT_BYTES),
            event_id=chance.uuid(),
        )
        return self._with_buyer(staged, license_id, row.buyer)

    def _with_buyer(self, staged: StagedLicense, license_id: UUID, person: Person) -> StagedLicense:
        if not person:
            return staged
        buyer = people.buyer(self._context, license_id, person, self._now)
        return staged._replace(
            person_id=buyer.person_id,
            wrapped_key=buyer.wrapped_key,
            name=buyer.name,
            company=buyer.company,
            email=buyer.email,
            tokens=buyer.tokens,
        )


def identifying_digest(context: Context, product: str, typed: str) -> bytes:
    """Give the digest of the form that makes a key this one and no other."""
    own = license_key.parse(typed)
    exact, folded = key_digests(context, product, own or typed)
    return exact if own is None else folded


def _folds_like_ours(key: str) -> bool:
    """Whether another system's key, folded, is one of ours: it must not stand in that one's way.

    Folding turns no other text into one of our keys that reading would not take as this key
    itself, but for the capital sharp s, which folds to "ss". Such a key must be typed exactly.
    """
    return not key.isascii() and license_key.parse(license_key.lookup_forms(key).folded) is not None


def _choose(what: str, names: Sequence[str]) -> str:
    """Say what there is; the wrong name is not repeated, as a shifted column may hold anything."""
    more = len(names) - _NAMED
    others = f" and {more} more" if more > 0 else ""
    there_are = f"there are: {', '.join(names[:_NAMED])}{others}" if names else "there is none yet"
    return f"Name a {what} that exists, or add it with `{what} add`; {there_are}."
