"""Many licenses at once, as a tool sends them: all of them, or none; safe to send again.

The keys of licenses that come without one are derived from the request: sent again, it makes the
same keys, finds them there, and tells the same results, so no list of keys is kept anywhere.
"""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO, Final
from uuid import UUID

from activation_server.formats import license_csv, license_key, license_lines
from activation_server.formats.license_csv import LicenseRow, Problem
from activation_server.rules.errors import OperatorError
from activation_server.services import tool_calls
from activation_server.services.context import Context
from activation_server.services.license_import import (
    File,
    Form,
    Phase,
    Report,
    identifying_digest,
    import_licenses,
)
from activation_server.services.tool_calls import ToolCall
from activation_server.store import licenses
from activation_server.store.database import Connection

BATCH: Final = 500
WITHOUT_KEY: Final = ("product",)  # what a row needs at least


class FaultyFileError(OperatorError):
    """Something is wrong with rows of a file: nothing was done."""

    def __init__(self, report: Report) -> None:
        super().__init__("Some rows have faults; nothing was issued.")
        self.report = report


@dataclass(frozen=True, slots=True)
class Bulk:
    """What a tool sends: its request, and the file, which is read again for each use."""

    call: ToolCall
    file: BinaryIO = field(repr=False)
    as_lines: bool  # of JSON; else CSV
    makes_keys: bool = True  # for rows that bring none
    reason: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows there were, are licenses now, and were so before."""

    rows: int
    imported: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Result:
    """A license of a row; the key only where it was made here."""

    line: int
    license_id: UUID
    made_key: str | None = field(repr=False)


async def check(context: Context, bulk: Bulk) -> Report:
    """Check a file, and do nothing."""
    form = _form(context, bulk)
    return await import_licenses(context, bulk.file, _untold, dry_run=True, form=form)


async def issue(context: Context, bulk: Bulk) -> Counts:
    """Issue the licenses of a file, once. Raises FaultyFileError, KeyReusedError, OperatorError."""

    async def work(inner: Context) -> bytes:
        form = _form(context, bulk)
        report = await import_licenses(inner, bulk.file, _untold, dry_run=False, form=form)
        if report.faults:
            raise FaultyFileError(report)
        return json.dumps([report.rows, report.imported, report.skipped]).encode()

    answered = await tool_calls.once(context, bulk.call, work)
    return Counts(*json.loads(answered.answer))


async def results(context: Context, bulk: Bulk) -> AsyncGenerator[Result]:
    """Give the license of each row of a file that was issued, in its order."""
    form = _form(context, bulk)
    with closing(File(bulk.file)) as file:
        _, records = form.read(file.lines(), form.required)
        rows = (record.row for record in records if record.row is not None)
        while some := list(islice(rows, BATCH)):
            for result in await _results(context, form, some):
                yield result


def first_rows(context: Context, bulk: Bulk, most: int) -> list[LicenseRow]:
    """Give the first rows of a file, as they are read."""
    form = _form(context, bulk)
    with closing(File(bulk.file)) as file:
        _, records = form.read(file.lines(), form.required)
        return list(islice((each.row for each in records if each.row is not None), most))


async def _results(context: Context, form: Form, rows: Sequence[LicenseRow]) -> Sequence[Result]:
    keys = [row.license_key or form.key_of(row) for row in rows]
    digests = [
        identifying_digest(context, row.product, key) for row, key in zip(rows, keys, strict=True)
    ]

    async def work(connection: Connection) -> Sequence[Result]:
        found = await licenses.ids_of_digests(connection, digests)
        return [
            Result(row.line, found[digest], None if row.license_key else key)
            for row, key, digest in zip(rows, keys, digests, strict=True)
            if digest in found
        ]

    return await context.database.transact(work)


def _form(context: Context, bulk: Bulk) -> Form:
    read = license_lines.read if bulk.as_lines else license_csv.read
    digest = context.keyring.digester.of_made_key
    request = b"\x00".join([context.actor.encode(), bulk.call.key.encode(), bulk.call.request])

    def made(line: int) -> str:
        bits = int.from_bytes(digest(request, line)) & (1 << license_key.RANDOM_BITS) - 1
        return license_key.make(bits)

    if not bulk.makes_keys:
        return Form(read, reason=bulk.reason)
    return Form(read, WITHOUT_KEY, made, bulk.reason)


def _untold(_phase: Phase, _done: int, _total: int) -> None:
    """Nobody watches."""


def first_problems(report: Report, most: int) -> list[Problem]:
    """Give the first of a file's problems."""
    return [problem for problem, _ in zip(report.problems(), range(most), strict=False)]
