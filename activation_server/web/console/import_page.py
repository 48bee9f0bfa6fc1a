"""Licenses of another system, from a CSV file: what would be imported first, then the import.

The file is not kept here in between: the page that shows what would be holds it, packed, and sends
it once more.
"""

import base64
import gzip
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Annotated, Any, BinaryIO, Final, cast

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from activation_server.formats import csv_export, license_key
from activation_server.formats.license_csv import LicenseRow
from activation_server.formats.times import rfc3339
from activation_server.rules.errors import KeyReusedError, OperatorError
from activation_server.rules.permissions import Permission
from activation_server.rules.person import masked, masked_email
from activation_server.services import license_bulk
from activation_server.services.context import Context
from activation_server.services.license_bulk import Bulk, FaultyFileError
from activation_server.services.license_import import Report
from activation_server.services.tool_calls import ToolCall
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, form_of, requires
from activation_server.web.console.license_page import reason_of
from activation_server.web.console.pages import HEADERS, page
from activation_server.web.requests import TooLargeError

MAX_FILE: Final = 4 * 1024 * 1024  # bytes: about 25,000 rows, imported in seconds
LARGEST: Final = MAX_FILE * 3 // 2  # packed it is mostly smaller, and never larger than this
SHOWN_PROBLEMS: Final = 100
SHOWN_ROWS: Final = 10
KEY_COLUMNS: Final = ("line", "license_id", "license_key")
_YES: Final = "yes"
_SENT_BEFORE: Final = "This form imported another file before. Look once more to import this one."

router = APIRouter(include_in_schema=False)
Importer = Annotated[SignedIn, Depends(requires(Permission.LICENSES_ISSUE, largest=LARGEST))]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form holds; `packed` is the file as the page sends it once more."""

    file: bytes = field(default=b"", repr=False)
    packed: str = field(default="", repr=False)
    reason: str = field(default="", repr=False)
    key: str = ""  # which names this form, so that it is carried out once
    makes_keys: bool = False  # for rows that bring none
    fault: str | None = None


@router.get(paths.IMPORT)
async def show(request: Request, me: Importer) -> Response:
    """Show the form."""
    return _form(request, me, Asked(key=_new_key(acting(request, me))))


@router.post(paths.IMPORT)
async def send(request: Request, me: Importer) -> Response:
    """Show what would be imported; import it; give the keys that were made as CSV."""
    context, form = acting(request, me), form_of(request)
    asked = Asked(
        reason=reason_of(request),
        key=form.text("key")[:100],
        makes_keys=form.text("makes_keys") == _YES,
    )
    packed, file = form.text("packed"), form.file("file")
    try:
        file = file or await run_in_threadpool(unpacked, packed)
        if len(file) > MAX_FILE:
            raise TooLargeError
        _require(file, asked)
        packed = packed or await run_in_threadpool(pack, file)
        asked = replace(asked, file=file, packed=packed)
        return await _answer(request, me, asked)
    except KeyReusedError:
        asked = replace(asked, key=_new_key(context), fault=_SENT_BEFORE)
    except OperatorError as error:
        asked = replace(asked, fault=str(error))
    return _form(request, me, asked)


def _require(file: bytes, asked: Asked) -> None:
    if not file.strip():
        raise OperatorError("Choose the file.")
    if not asked.reason:
        raise OperatorError("Say why, and choose the file again: it stands in the audit log.")


async def _answer(request: Request, me: SignedIn, asked: Asked) -> Response:
    """Do what the button says that was pressed. Raises OperatorError."""
    context, form = acting(request, me), form_of(request)
    if "made_keys" in form:
        return _made_keys(context, asked)
    with _bulk(asked) as bulk:
        if "confirmed" not in form:
            report = await license_bulk.check(context, bulk)
            return _seen(request, me, asked, report, bulk)
        try:
            counts = await license_bulk.issue(context, bulk)
        except FaultyFileError as error:  # somebody changed the catalogue meanwhile
            return _seen(request, me, asked, error.report, bulk)
    return page(request, "imported.html", me=me, asked=asked, counts=counts)


def _seen(request: Request, me: SignedIn, asked: Asked, report: Report, bulk: Bulk) -> Response:
    rows = license_bulk.first_rows(acting(request, me), bulk, SHOWN_ROWS)
    return page(
        request,
        "import_seen.html",
        422 if report.faults else 200,
        me=me,
        asked=asked,
        report=report,
        due=report.rows - report.skipped,
        problems=list(islice(report.problems(), SHOWN_PROBLEMS)),
        rows=[_row(each) for each in rows],
    )


def _row(row: LicenseRow) -> Mapping[str, Any]:
    """Write a row as a page shows it: the end of its key, its person masked."""
    who = (masked(row.buyer.name), masked(row.buyer.company), masked_email(row.buyer.email))
    return {
        "line": row.line,
        "key": None if row.license_key is None else license_key.tail(row.license_key),
        "product": row.product,
        "policy": row.policy,
        "status": row.status.value,
        "terms": row.terms,
        "expires": row.expires_at and rfc3339(row.expires_at),
        "who": ", ".join(filter(None, who)),
        "order": row.order_reference,
    }


@contextmanager
def _bulk(asked: Asked) -> Iterator[Bulk]:
    """Give a file as the service reads it: again and again."""
    with tempfile.TemporaryFile() as file:
        yield _bulk_of(asked, cast("BinaryIO", file))


def _bulk_of(asked: Asked, file: BinaryIO) -> Bulk:
    file.write(asked.file)
    written = [b"import", asked.reason.encode(), b"keys" if asked.makes_keys else b"", asked.file]
    call = ToolCall(asked.key, b"\0".join(written))
    return Bulk(call, file, as_lines=False, makes_keys=asked.makes_keys, reason=asked.reason)


def _made_keys(context: Context, asked: Asked) -> Response:
    """Give the keys that an import made: they follow from the form, and are looked up."""

    async def lines() -> AsyncIterator[str]:
        yield csv_export.line(KEY_COLUMNS)
        with _bulk(asked) as bulk:
            async with aclosing(license_bulk.results(context, bulk)) as results:
                async for each in results:
                    if each.made_key is not None:
                        yield csv_export.line([each.line, each.license_id, each.made_key])

    name = f"licenses-{context.now():%Y-%m-%d}.csv"
    named = {"Content-Disposition": f'attachment; filename="{name}"'}
    headers = {**HEADERS, **named}
    return StreamingResponse(lines(), 200, headers, csv_export.MEDIA_TYPE)


def pack(file: bytes) -> str:
    """Write a file as text for a form: it mostly gets much smaller."""
    return base64.b64encode(gzip.compress(file, 6, mtime=0)).decode()


def unpacked(text: str) -> bytes:
    """Read a packed file, of which no more is unpacked than one may have. Raises TooLargeError.

    What is no packed file is an empty one.
    """
    try:
        opened = zlib.decompressobj(zlib.MAX_WBITS | 16)
        file = opened.decompress(base64.b64decode(text, validate=True), MAX_FILE + 1)
    except (ValueError, zlib.error):
        return b""
    if len(file) > MAX_FILE:
        raise TooLargeError
    return file if opened.eof else b""


def _new_key(context: Context) -> str:
    return context.randomness.uuid().hex


def _form(request: Request, me: SignedIn, asked: Asked) -> Response:
    most = MAX_FILE // 1024 // 1024
    status = 422 if asked.fault else 200
    return page(request, "import.html", status, me=me, asked=asked, most=most)
