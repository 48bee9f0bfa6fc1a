"""A person's data put right: new values are taken, and what is stored is not shown."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from activation_server.rules.errors import NotFoundError, OperatorError
from activation_server.rules.permissions import Permission
from activation_server.rules.person import PERSON, Profile, masked_profile
from activation_server.services import rectification, tool_calls
from activation_server.services.context import Context
from activation_server.services.rectification import Correction
from activation_server.services.tool_calls import ToolCall
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, form_of, requires
from activation_server.web.console.confirming import Asked, offered, sent
from activation_server.web.console.license_page import CORRECTED, id_of
from activation_server.web.console.pages import go_to, page

AWAY: Final = "away-"  # before a field's name: it is taken away
EVERYWHERE: Final = "everywhere"
_FIELDS: Final = (*PERSON, *(AWAY + name for name in PERSON), EVERYWHERE)
_LABELS: Final = {"name": "Name", "company": "Company", "email": "E-mail"}

Corrector = Annotated[SignedIn, Depends(requires(Permission.PEOPLE_CORRECT))]

router = APIRouter(include_in_schema=False)


@router.get(paths.CORRECT)
async def ask(request: Request, me: Corrector, license_id: str, person_id: str) -> Response:
    """Ask what is right."""
    context = acting(request, me)
    profile = await _find(context, license_id, person_id)
    asked = offered(context, dict.fromkeys(_FIELDS, ""))
    return _page(request, me, profile, asked)


@router.post(paths.CORRECT)
async def correct(request: Request, me: Corrector, license_id: str, person_id: str) -> Response:
    """Show what would be; then, on another press, put it right, once."""
    context, form = acting(request, me), form_of(request)
    profile = await _find(context, license_id, person_id)
    asked, confirmed = sent(request, _FIELDS), "confirmed" in form
    try:
        would = await _correct(context, profile, asked, dry_run=not confirmed)
    except OperatorError as error:
        return _page(request, me, profile, replace(asked, fault=str(error)))
    if confirmed:
        return go_to(f"{paths.of_license(profile.license_id)}?done={CORRECTED}")
    return _page(request, me, profile, asked, would)


async def _find(context: Context, license_id: str, person_id: str) -> Profile:
    try:
        profile = await rectification.find(context, id_of(license_id), id_of(person_id))
    except NotFoundError:
        raise HTTPException(404) from None
    if profile.erased_at is not None:
        raise HTTPException(404)
    return profile


async def _correct(
    context: Context, profile: Profile, asked: Asked, *, dry_run: bool
) -> Mapping[str, Any]:
    """Put a person right, or only tell what would be: the same, undone. Raises OperatorError."""
    named: tuple[UUID, UUID] = profile.license_id, profile.person_id
    right = Correction(_right(asked), asked.reason)
    everywhere = bool(asked.values[EVERYWHERE])

    async def work(inner: Context) -> bytes:
        done = await rectification.correct_one(inner, *named, right, everywhere=everywhere)
        return json.dumps({**asdict(done), "licenses": len(done.licenses)}).encode()

    what = asked.all(f"correct {profile.license_id}/{profile.person_id}")
    call = ToolCall(f"console-{asked.key}", what, dry_run)
    answered = await tool_calls.change_person(context, call, named, {asked.seen}, work)
    told: Mapping[str, Any] = json.loads(answered.answer)
    return told


def _right(asked: Asked) -> Mapping[str, str | None]:
    """Give what was typed, or ticked to be taken away. Raises OperatorError for both at once."""
    right: dict[str, str | None] = {}
    for name in PERSON:
        typed, away = asked.values[name], asked.values[AWAY + name]
        if typed and away:
            raise OperatorError(f"{_LABELS[name]}: type what is right, or take it away; not both.")
        if typed or away:
            right[name] = typed or None
    return right


def _page(
    request: Request,
    me: SignedIn,
    profile: Profile,
    asked: Asked,
    would: Mapping[str, Any] | None = None,
) -> Response:
    return page(
        request,
        "correct.html",
        asked.status,
        me=me,
        person=masked_profile(profile).person,
        role=profile.role.value,
        seen=profile.version,
        back=paths.of_license(profile.license_id),
        labels=_LABELS,
        asked=asked,
        would=would,
    )
