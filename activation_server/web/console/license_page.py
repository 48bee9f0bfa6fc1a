"""One license on one screen: what holds and why, whose it is, its computers, what happened."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import problem
from activation_server.rules.errors import NotFoundError, OperatorError
from activation_server.rules.license import License
from activation_server.rules.permissions import Permission, Role, may
from activation_server.rules.reasons import Reason
from activation_server.services import licensing, reveal
from activation_server.services.licensing import LicenseHistory, LicenseView
from activation_server.web.admin import documents
from activation_server.web.console import paths, wording
from activation_server.web.console.access import SignedIn, acting, form_of, requires
from activation_server.web.console.change_form import LicenseChange
from activation_server.web.console.license_changes import CHANGES, HELPS
from activation_server.web.console.pages import go_to, page

SHOWN: Final = 100  # people, and computers, at first: each takes check-ins' time to open and write
LONGEST: Final = 2000  # characters of a reason or a note
NOTED, CORRECTED = "noted", "corrected"
_TOLD: Final = {NOTED: "It was noted.", CORRECTED: "It was put right."}

router = APIRouter(include_in_schema=False)


@router.get(paths.LICENSE)
async def show(
    request: Request,
    me: Annotated[SignedIn, Depends(requires(Permission.LICENSES_READ))],
    license_id: str,
) -> Response:
    """Show a license, its people masked."""
    context = acting(request, me)
    try:
        history = await licensing.show(context, id_of(license_id), most=_most(request))
    except NotFoundError:
        raise HTTPException(404) from None
    return _page(request, me, history)


@router.post(paths.LICENSE + "/reveal")
async def show_in_clear(
    request: Request,
    me: Annotated[SignedIn, Depends(requires(Permission.PEOPLE_REVEAL))],
    license_id: str,
) -> Response:
    """Show its people and its key in clear: once, with a reason, so many a day."""
    context, reason = acting(request, me), reason_of(request)
    try:
        if not reason:
            history = await licensing.show(context, id_of(license_id), most=_most(request))
            return _page(request, me, history, reveal_fault="Say why.")
        history = await reveal.reveal(context, id_of(license_id), reason, _most(request))
    except NotFoundError:
        raise HTTPException(404) from None
    except OperatorError as error:
        history = await licensing.show(context, id_of(license_id), most=_most(request))
        return _page(request, me, history, reveal_fault=str(error))
    return _page(request, me, history, in_clear=True)


@router.post(paths.LICENSE + "/note")
async def note(
    request: Request,
    me: Annotated[SignedIn, Depends(requires(Permission.LICENSES_SUPPORT))],
    license_id: str,
) -> Response:
    """Note what a caller said."""
    words = form_of(request).text("words").replace("\0", "").strip()[:LONGEST]
    try:
        if words:
            await licensing.note(acting(request, me), id_of(license_id), words)
    except NotFoundError:
        raise HTTPException(404) from None
    done = f"?done={NOTED}" if words else ""
    return go_to(paths.of_license(id_of(license_id)) + done)


def id_of(text: str) -> UUID:
    """Read an id in a path; there is no page of anything else."""
    try:
        return UUID(text)
    except ValueError:
        raise HTTPException(404) from None


def _most(request: Request) -> int | None:
    """Tell how many people and computers are asked for: some, but where somebody wants all."""
    return None if "all" in request.query_params else SHOWN


def reason_of(request: Request) -> str:
    """Give the reason that a form has, as far as one may be long."""
    return form_of(request).text("reason").replace("\0", "").strip()[:LONGEST]


def offered(me: SignedIn, license_: License) -> Sequence[LicenseChange]:
    """Give what somebody may do with a license as it is."""
    return [each for each in CHANGES.values() if me.may(each.permission) and each.offered(license_)]


def _page(
    request: Request,
    me: SignedIn,
    history: LicenseHistory,
    *,
    in_clear: bool = False,
    reveal_fault: str | None = None,
) -> Response:
    license_ = history.view.license
    document = documents.shown(history, acting(request, me).now())
    can = offered(me, license_)
    helps = {each["code"]: _helps(each["code"], license_) for each in document["refusals"]}
    return page(
        request,
        "license.html",
        422 if reveal_fault else 200,
        me=me,
        license=document,
        key=history.view.license_key if in_clear else None,
        here_is=paths.of_license(license_.license_id),
        names={str(each): name for each, name in history.names.items()},
        more_people=_others(history.view),
        more_computers=history.activations_total - len(history.activations),
        wants_all=_most(request) is None,
        changes=can,
        helps={code: [one for one in some if one in can] for code, some in helps.items()},
        others={code: _by_others(me, some) for code, some in helps.items()},
        by_computer={code for code, names in HELPS.items() if "computers" in names},
        told={
            each.code: problem.told(Reason(each.code), each.evidence) for each in history.refusals
        },
        forked={str(one.activation_id) for one in history.activations if one.fork_tip is not None},
        of_computers=[
            each for each in CHANGES.values() if each.of_computer and me.may(each.permission)
        ],
        done=_done(request.query_params.get("done", "")),
        in_clear=in_clear,
        may_reveal=me.may(Permission.PEOPLE_REVEAL),
        may_correct=me.may(Permission.PEOPLE_CORRECT),
        may_note=me.may(Permission.LICENSES_SUPPORT),
        reveal_fault=reveal_fault,
    )


def _others(view: LicenseView) -> int:
    """Count the people who are not shown; who was erased does not count."""
    return view.people_total - sum(each.erased_at is None for each in view.people)


def _helps(code: str, license_: License) -> Sequence[LicenseChange]:
    """Give what helps with a refusal, as the license is."""
    names = HELPS.get(Reason(code), ())
    return [each for each in CHANGES.values() if each.name in names and each.offered(license_)]


def _by_others(me: SignedIn, helps: Sequence[LicenseChange]) -> Mapping[str, str]:
    """Give what of it somebody may not do themselves, and the roles that may."""
    return {
        each.title: " or ".join(wording.ROLES[role] for role in Role if may(role, each.permission))
        for each in helps
        if not me.may(each.permission)
    }


def _done(name: str) -> tuple[str, LicenseChange | None] | None:
    """Give what to say that was done, and what takes it back: of words that are ours alone."""
    if name in _TOLD:
        return _TOLD[name], None
    change = CHANGES.get(name)
    return None if change is None else (change.done, CHANGES.get(change.undo or ""))
