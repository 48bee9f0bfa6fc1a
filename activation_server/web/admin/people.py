"""People: in clear, one license at a time; what is held on one, a copy of it, an erasure."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import admin_api, person_export, person_summary
from activation_server.formats.admin_answers.people import (
    CorrectedAnswer,
    ErasedAnswer,
    ExportAnswer,
    PersonDataAnswer,
    RevealedAnswer,
    WishAnswer,
)
from activation_server.formats.admin_requests.base import ReasonBody
from activation_server.formats.admin_requests.people import (
    CorrectBody,
    CorrectOneBody,
    EmailBody,
    PersonBody,
    WishBody,
)
from activation_server.rules.permissions import Permission
from activation_server.services import (
    erasure,
    export,
    people,
    person_data,
    rectification,
    reveal,
)
from activation_server.services.context import Context
from activation_server.services.rectification import Corrected, Correction
from activation_server.web.admin.access import Caller, requires
from activation_server.web.admin.answers import described
from activation_server.web.admin.bodies import taken, takes
from activation_server.web.admin.changes import Asked, asks
from activation_server.web.admin.once import Made, made_before
from activation_server.web.admin.routes import PREFIX, reading_by_body, writing

router = APIRouter(prefix=PREFIX, tags=["people"])

Exporter = Annotated[Caller, requires(Permission.PEOPLE_EXPORT)]
Wishing = Annotated[Asked[WishBody], asks(Permission.PRIVACY_MANAGE, WishBody)]
Correcting = Annotated[Asked[CorrectBody], asks(Permission.PEOPLE_CORRECT, CorrectBody)]
CorrectingOne = Annotated[
    Asked[CorrectOneBody], asks(Permission.PEOPLE_CORRECT, CorrectOneBody, as_seen="person")
]
Erasing = Annotated[Asked[PersonBody], asks(Permission.PEOPLE_ERASE, PersonBody)]


@router.post(
    "/licenses/{license_id}/reveal",
    operation_id="revealLicense",
    summary="Show a license's people and its key in clear",
    responses=reading_by_body(RevealedAnswer),
    openapi_extra=takes(ReasonBody),
)
async def reveal_license(
    request: Request,
    caller: Annotated[Caller, requires(Permission.PEOPLE_REVEAL)],
    license_id: UUID,
) -> Response:
    """Each call is noted with its reason, and counts: a token may do it so many times a day.

    It changes nothing, so it takes no `Idempotency-Key`, and its answer is kept nowhere.
    """
    body = await taken(request, ReasonBody)
    view = (await reveal.reveal(caller.context, license_id, body.reason)).view
    document = {
        "license_id": str(license_id),
        "license_key": view.license_key,
        "people": [admin_api.person(each) for each in view.people],
    }
    return described(RevealedAnswer, document)


@router.post(
    "/people/find",
    operation_id="findPerson",
    summary="Tell what is held on a person, without the values",
    responses=reading_by_body(PersonDataAnswer),
    openapi_extra=takes(EmailBody),
)
async def find_person(request: Request, caller: Exporter) -> Response:
    """By kinds of data: why each is stored, until when, and whether an erasure takes it.

    It changes nothing. That somebody looked is noted, not at whom.
    """
    body = await taken(request, EmailBody)
    found, today = await person_data.look(caller.context, body.email), caller.context.now().date()
    holds = [admin_api.hold(each, today, clear=False) for each in found.holds]
    document = {**person_summary.document(found.export), "holds": holds}
    return described(PersonDataAnswer, document)


@router.post(
    "/people/export",
    operation_id="exportPerson",
    summary="Give everything that is held on a person",
    responses=reading_by_body(ExportAnswer),
    openapi_extra=takes(PersonBody),
)
async def export_person(request: Request, caller: Exporter) -> Response:
    """In clear, license keys too: make sure that whoever asked owns the address.

    It changes nothing, so it takes no `Idempotency-Key`, and its answer is kept nowhere.
    """
    body = await taken(request, PersonBody)
    found = await export.export(caller.context, body.email, body.reason)
    return described(ExportAnswer, person_export.document(found))


@router.post(
    "/people/wish",
    operation_id="notePersonsWish",
    summary="Keep a person's data for less long",
    responses=writing(WishAnswer),
)
async def note_persons_wish(asked: Wishing) -> Response:
    """So many months after the last contact; counts from the next retention run on."""
    body = asked.body

    async def wish(context: Context) -> Made:
        count = await people.wish(context, body.email, body.months, body.reason)
        return Made(WishAnswer, {"people": count, "months": body.months})

    return await asked.once(wish)


@router.post(
    "/people/correct",
    operation_id="correctPerson",
    summary="Put a person's data right, in every license",
    responses=writing(CorrectedAnswer),
)
async def correct_person(asked: Correcting) -> Response:
    """Of everybody of an e-mail address. What apps repeat of before does not undo it.

    A changed address carries no consent to the newsletter over. Refused, as a whole, while anything
    of the person is under a legal hold.
    """
    body = asked.body

    async def correct(context: Context) -> Made:
        right = Correction(body.right.given(), body.reason)
        return _corrected(await rectification.correct(context, body.email, right))

    return await asked.once(correct)


@router.post(
    "/licenses/{license_id}/people/{person_id}/correct",
    operation_id="correctPersonOfLicense",
    summary="Put right what is known of a person of a license",
    responses=writing(CorrectedAnswer),
)
async def correct_person_of_license(
    asked: CorrectingOne, license_id: UUID, person_id: UUID
) -> Response:
    """Also of somebody who has no address; others of the license stay as they are."""
    body = asked.body

    async def correct(context: Context) -> Made:
        right = Correction(body.right.given(), body.reason)
        done = await rectification.correct_one(
            context, license_id, person_id, right, everywhere=body.everywhere
        )
        return _corrected(done)

    return await asked.on_person(license_id, person_id, correct)


def _corrected(done: Corrected) -> Made:
    licenses = [str(each) for each in done.licenses]
    fields = list(done.fields)
    return Made(CorrectedAnswer, {**asdict(done), "licenses": licenses, "fields": fields})


@router.post(
    "/people/erase",
    operation_id="erasePerson",
    summary="Erase a person, in every license",
    responses=writing(ErasedAnswer),
)
async def erase_person(asked: Erasing) -> Response:
    """Nobody can bring it back. The licenses and their seats go on working, without a person.

    Refused, as a whole, while anything of the person is under a legal hold.
    """
    body, call = asked.body, asked.call
    done = await erasure.erase(
        asked.context, body.email, dry_run=asked.dry_run, reason=body.reason, call=call
    )
    document = {**asdict(done.counts), "receipt": done.receipt}
    return made_before(Made(ErasedAnswer, document), repeated=done.repeated)
