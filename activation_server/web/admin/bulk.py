"""Many licenses at once: issued from a file as a stream of results, and whole lists as CSV."""

import hashlib
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Any, BinaryIO, Final, cast

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from activation_server.formats import admin_api, csv_export
from activation_server.formats.client_api import RequestInvalidError
from activation_server.formats.license_csv import Problem
from activation_server.rules.permissions import Permission
from activation_server.services import license_bulk, license_export
from activation_server.services.context import Context
from activation_server.services.license_bulk import Bulk, FaultyFileError
from activation_server.services.license_import import Report
from activation_server.services.license_list import Wanted
from activation_server.services.licensing import LicenseView
from activation_server.web.admin import documents
from activation_server.web.admin.access import Caller, requires
from activation_server.web.admin.answers import NO_STORE
from activation_server.web.admin.bodies import require_type
from activation_server.web.admin.once import DryRun, call_of
from activation_server.web.admin.parameters import (
    EndsAfter,
    EndsBefore,
    OfPolicy,
    OfProduct,
    OfStatus,
    WasRefused,
)
from activation_server.web.admin.routes import (
    IDEMPOTENCY_KEY,
    PREFIX,
    reading_file,
    writing_file,
)
from activation_server.web.requests import TooLargeError, declared_length

router = APIRouter(prefix=PREFIX, tags=["many licenses"])

MAX_FILE: Final = 64 * 1024 * 1024  # bytes: about 300,000 rows
TOLD_PROBLEMS: Final = 100  # in a refusal; a dry run tells all
CSV, LINES = "text/csv", "application/x-ndjson"
_FILE: Final = {
    "type": "string",
    "description": "columns or fields as docs/license-import.md has them; a license without "
    "`license_key` gets one",
}
Reader = Annotated[Caller, requires(Permission.LICENSES_READ)]
LICENSE_COLUMNS: Final = (
    *("license_id", "key_tail", "product", "policy", "status", "kind", "edition", "seats"),
    *("seats_used", "issued", "started", "expires", "accepted_until", "maintenance_until"),
    *("order", "features"),
)
PERSON_COLUMNS: Final = ("name", "company", "email")
ACTIVATION_COLUMNS: Final = (
    *("activation_id", "license_id", "status", "activated", "last_check_in", "check_in_after"),
    *("certificate_expires", "leased_until", "virtual_machine", "removed", "removed_by"),
    *("app_version", "app_edition", "os", "check_ins"),
)


@router.post(
    "/licenses:batch",
    operation_id="issueLicenses",
    summary="Issue many licenses from a file: all of them, or none",
    responses=writing_file("A line for each license, and one with the counts", LINES),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {CSV: {"schema": _FILE}, LINES: {"schema": _FILE}},
        },
        "parameters": [IDEMPOTENCY_KEY],
    },
)
async def issue_licenses(
    request: Request,
    caller: Annotated[Caller, requires(Permission.LICENSES_ISSUE)],
    *,
    dry_run: DryRun = False,
) -> Response:
    """A license whose key its product has already is skipped, so a file may be sent again.

    A dry run answers with a line for each fault. Otherwise faults refuse the whole file.
    """
    kind = require_type(request, CSV, LINES)
    file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - closed with the stream; without a name
    try:
        digest = await _spool(request, file)
        bulk = Bulk(call_of(request, digest, dry_run=dry_run), file, kind == LINES)
        if dry_run:
            report = await license_bulk.check(caller.context, bulk)
            file.close()
            return stream(_faults(report), LINES)
        counts = await license_bulk.issue(caller.context, bulk)
    except FaultyFileError as error:
        file.close()
        raise _refused(error.report) from None
    except BaseException:
        file.close()
        raise
    told = {"rows": counts.rows, "imported": counts.imported, "skipped": counts.skipped}
    return stream(_results(caller.context, bulk, told), LINES)


def _wanted(status: OfStatus = None, product: OfProduct = None, policy: OfPolicy = None) -> Wanted:
    return Wanted(status=status, product=product, policy=policy)


Filtered = Annotated[Wanted, Depends(_wanted)]


def _more_wanted(
    wanted: Filtered,
    ends_before: EndsBefore = None,
    ends_after: EndsAfter = None,
    refused: WasRefused = None,
) -> Wanted:
    return replace(wanted, ends_before=ends_before, ends_after=ends_after, refused=refused)


@router.get(
    "/licenses.csv",
    operation_id="exportLicenses",
    summary="Give all licenses as CSV",
    responses=reading_file("A record for each license", CSV),
)
async def export_licenses(
    caller: Reader, wanted: Annotated[Wanted, Depends(_more_wanted)]
) -> Response:
    """By their ids; people are masked, and no cell is taken for a formula."""
    await license_export.noted(caller.context, "licenses")
    return stream(license_lines(caller.context, wanted), csv_export.MEDIA_TYPE)


@router.get(
    "/activations.csv",
    operation_id="exportActivations",
    summary="Give all computers as CSV",
    responses=reading_file("A record for each computer", CSV),
)
async def export_activations(caller: Reader, wanted: Filtered) -> Response:
    """Those of the licenses that are asked for, by the ids of both; nothing names a person."""
    await license_export.noted(caller.context, "activations")
    return stream(_activations(caller.context, wanted), csv_export.MEDIA_TYPE)


async def _spool(request: Request, file: BinaryIO) -> bytes:
    """Write a body to a file; give its digest. Raises TooLargeError."""
    if declared_length(request.scope) > MAX_FILE:
        raise TooLargeError
    size, digest = 0, hashlib.sha256()
    async for part in request.stream():
        size += len(part)
        if size > MAX_FILE:
            raise TooLargeError
        digest.update(part)
        file.write(part)
    return digest.digest()


def stream(parts: AsyncIterator[str], media_type: str) -> Response:
    """Answer with a file, part by part."""
    return StreamingResponse(parts, headers=NO_STORE, media_type=media_type)


def _line(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False) + "\n"


async def _results(context: Context, bulk: Bulk, counts: Mapping[str, int]) -> AsyncIterator[str]:
    try:
        async with aclosing(license_bulk.results(context, bulk)) as results:
            async for each in results:
                yield _line(
                    {
                        "line": each.line,
                        "license_id": str(each.license_id),
                        "license_key": each.made_key,
                    }
                )
        yield _line(counts)
    finally:
        bulk.file.close()


async def _faults(report: Report) -> AsyncIterator[str]:
    for problem in report.problems():
        yield _line(_problem(problem))
    due = 0 if report.faults else report.rows - report.skipped
    told = {"would_be_imported": due, "skipped": report.skipped, "faults": report.faults}
    yield _line({"rows": report.rows, **told})


def _refused(report: Report) -> RequestInvalidError:
    problems = license_bulk.first_problems(report, TOLD_PROBLEMS)
    return RequestInvalidError(
        [
            {"pointer": f"/lines/{each.line}/{each.column}".rstrip("/"), "message": each.message}
            for each in problems
        ]
    )


def _problem(problem: Problem) -> Mapping[str, Any]:
    return {"line": problem.line, "column": problem.column, "message": problem.message}


async def license_lines(context: Context, wanted: Wanted) -> AsyncIterator[str]:
    """Write licenses as CSV, batch by batch: people masked, no cell a formula."""
    yield csv_export.line([*LICENSE_COLUMNS, *(f"buyer_{name}" for name in PERSON_COLUMNS)])
    async with aclosing(license_export.licenses(context, wanted)) as batches:
        async for batch in batches:
            yield "".join(_license(view, context) for view in batch)


def _license(view: LicenseView, context: Context) -> str:
    document = documents.found(view, context.now())
    buyer: Mapping[str, Any] = next(
        (each for each in document["people"] if each["role"] == "buyer"), {}
    )
    cells = [document[name] for name in LICENSE_COLUMNS]
    return csv_export.line([*cells, *(buyer.get(name) for name in PERSON_COLUMNS)])


async def _activations(context: Context, wanted: Wanted) -> AsyncIterator[str]:
    yield csv_export.line(ACTIVATION_COLUMNS)
    async with aclosing(license_export.activations(context, wanted)) as batches:
        async for batch in batches:
            seats = [admin_api.activation(each, context.now()) for each in batch]
            yield "".join(
                csv_export.line([seat[name] for name in ACTIVATION_COLUMNS]) for seat in seats
            )
