"""Licenses, as tools find and read them."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import cursor as place
from activation_server.formats import person
from activation_server.formats.admin_answers.activations import ActivationsAnswer
from activation_server.formats.admin_answers.licenses import (
    EventsAnswer,
    LicensesAnswer,
    LicenseShownAnswer,
    RefusalsAnswer,
)
from activation_server.rules.permissions import Permission
from activation_server.services import license_list, licensing
from activation_server.services.license_list import Wanted
from activation_server.services.licensing import LicenseHistory
from activation_server.web.admin import documents
from activation_server.web.admin.access import Caller, requires
from activation_server.web.admin.answers import described, invalid
from activation_server.web.admin.pages import NO_CURSOR, Cursor, Limit, link_to_next
from activation_server.web.admin.parameters import (
    EndsAfter,
    EndsBefore,
    OfPolicy,
    OfProduct,
    OfStatus,
    Text,
    WasRefused,
)
from activation_server.web.admin.routes import PREFIX, reading

router = APIRouter(prefix=PREFIX, tags=["licenses"])

Reader = Annotated[Caller, requires(Permission.LICENSES_READ)]
ETAG: Final = {"ETag": "the version of the license, for `If-Match`"}


def _wanted(  # noqa: PLR0913, PLR0917 - as many as there are parameters
    q: Annotated[
        Text | None,
        Query(
            max_length=300,
            description="a key, its last five characters, an order, an id, words of a name or of a "
            "computer's, an e-mail address, or a domain with an @ before it; 100 licenses at most",
        ),
    ] = None,
    email: Annotated[
        Text | None, Query(max_length=254, description="a whole e-mail address")
    ] = None,
    order: Annotated[Text | None, Query(max_length=200, description="an order's reference")] = None,
    status: OfStatus = None,
    product: OfProduct = None,
    policy: OfPolicy = None,
    ends_before: EndsBefore = None,
    ends_after: EndsAfter = None,
    refused: WasRefused = None,
) -> Wanted:
    if email is not None and (fault := person.fault("email", email)):
        raise invalid("/query/email", fault)
    return Wanted(q, email, order, status, product, policy, ends_before, ends_after, refused)


@router.get(
    "/licenses",
    operation_id="listLicenses",
    summary="Find and list licenses",
    responses=reading(LicensesAnswer, headers={"Link": "the next page (RFC 8288)"}),
)
async def list_licenses(
    request: Request,
    caller: Reader,
    wanted: Annotated[Wanted, Depends(_wanted)],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Licenses to which all that is given applies, in the order of their ids; people are masked."""
    page = await license_list.page(caller.context, wanted, _place(cursor), limit)
    now = caller.context.now()
    after = None if page.after is None else place.write(str(page.after))
    document = {
        "licenses": [documents.found(view, now) for view in page.licenses],
        "complete": page.complete,
        "next": after,
    }
    return described(LicensesAnswer, document, headers=link_to_next(request, after))


@router.get(
    "/licenses/{license_id}",
    operation_id="showLicense",
    summary="Show a license",
    responses=reading(LicenseShownAnswer, headers=ETAG),
)
async def show_license(caller: Reader, license_id: UUID) -> Response:
    """All of it: what holds and why, people (masked), computers, history, last refusals."""
    history, now = await _history(caller, license_id), caller.context.now()
    tag = documents.etag(history.view)
    return described(LicenseShownAnswer, documents.shown(history, now), headers=tag)


@router.get(
    "/licenses/{license_id}/activations",
    operation_id="listActivations",
    summary="List a license's computers",
    responses=reading(ActivationsAnswer),
)
async def list_activations(caller: Reader, license_id: UUID) -> Response:
    """Each computer that holds or held a seat; nothing names a person."""
    history, now = await _history(caller, license_id), caller.context.now()
    return described(ActivationsAnswer, {"activations": documents.activations(history, now)})


@router.get(
    "/licenses/{license_id}/events",
    operation_id="listEvents",
    summary="Read a license's history",
    responses=reading(EventsAnswer),
)
async def list_events(caller: Reader, license_id: UUID) -> Response:
    """What happened to it, newest first, with the reasons that were given."""
    history = await _history(caller, license_id)
    document = {"events": documents.events(history), "total": history.events_total}
    return described(EventsAnswer, document)


@router.get(
    "/licenses/{license_id}/refusals",
    operation_id="listRefusals",
    summary="Read why a license's computers were refused",
    responses=reading(RefusalsAnswer),
)
async def list_refusals(caller: Reader, license_id: UUID) -> Response:
    """The last refusal of each kind: why, on what evidence, and what can be done about it."""
    history = await _history(caller, license_id)
    return described(RefusalsAnswer, {"refusals": documents.refusals(history)})


async def _history(caller: Caller, license_id: UUID) -> LicenseHistory:
    return await licensing.show(caller.context, license_id)


def _place(text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(place.read(text, 1)[0])
    except ValueError:
        raise NO_CURSOR from None
