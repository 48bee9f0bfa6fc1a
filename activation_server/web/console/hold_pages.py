"""Legal holds: those there are, a new one, one that ends before its time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import admin_api
from activation_server.rules.errors import OperatorError
from activation_server.rules.hold import Hold, HoldOrder
from activation_server.rules.permissions import Permission
from activation_server.services import holds, tool_calls
from activation_server.services.context import Context
from activation_server.services.tool_calls import ToolCall
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, form_of, requires
from activation_server.web.console.license_page import id_of, reason_of
from activation_server.web.console.pages import go_to, page

LONGEST: Final = 300
FIELDS: Final = ("on", "license", "email", "ordered_by", "until")
PLACED, LIFTED = "placed", "lifted"
_DONE: Final = {PLACED: "The hold is placed.", LIFTED: "The hold is lifted."}

Reader = Annotated[SignedIn, Depends(requires(Permission.PRIVACY_READ))]
Revealer = Annotated[SignedIn, Depends(requires(Permission.PEOPLE_REVEAL))]
Manager = Annotated[SignedIn, Depends(requires(Permission.PRIVACY_MANAGE))]

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form for a new hold has."""

    values: Mapping[str, str] = field(repr=False)
    reason: str = field(default="", repr=False)
    key: str = ""
    fault: str | None = None
    would: list[Mapping[str, Any]] | None = None  # the holds that would be placed


@router.get(paths.HOLDS)
async def show(request: Request, me: Reader) -> Response:
    """Show those in force, or all."""
    return await _list(request, me)


@router.post(paths.HOLDS + "/reveal")
async def show_words(request: Request, me: Revealer) -> Response:
    """Show why they are and who ordered them: once, with a reason."""
    if not me.may(Permission.PRIVACY_READ):
        return go_to(paths.HOLDS)
    reason = reason_of(request)
    if not reason:
        return await _list(request, me, fault="Say why: it stands in the audit log, sealed.")
    return await _list(request, me, reveal=reason)


@router.get(paths.HOLDS + "/place")
async def ask(request: Request, me: Manager) -> Response:
    """Ask what is to be held."""
    values = {**dict.fromkeys(FIELDS, ""), "on": "license"}
    return _form(request, me, Asked(values, key=acting(request, me).randomness.uuid().hex))


@router.post(paths.HOLDS + "/place")
async def place(request: Request, me: Manager) -> Response:
    """Show what would be held; then, on another press, hold it, once."""
    context, form = acting(request, me), form_of(request)
    values = {name: form.text(name).replace("\0", "").strip()[:LONGEST] for name in FIELDS}
    asked = Asked(values, reason_of(request), form.text("key")[:LONGEST])
    if "back" in form:
        return _form(request, me, asked)
    try:
        order = _order(asked)
        would = await _place(context, asked, order, dry_run="confirmed" not in form)
    except OperatorError as error:
        return _form(request, me, replace(asked, fault=str(error)))
    if "confirmed" in form:
        return go_to(f"{paths.HOLDS}?done={PLACED}")
    return _form(request, me, replace(asked, would=would))


@router.get(paths.HOLDS + "/{hold_id}/lift")
async def ask_to_lift(request: Request, me: Manager, hold_id: str) -> Response:
    """Ask why a hold is to end before its time."""
    return await _lift_form(request, me, hold_id)


@router.post(paths.HOLDS + "/{hold_id}/lift")
async def lift(request: Request, me: Manager, hold_id: str) -> Response:
    """End a hold; pressed twice, it is done once."""
    try:
        await holds.lift(acting(request, me), id_of(hold_id), reason_of(request))
    except OperatorError as error:
        return await _lift_form(request, me, hold_id, fault=str(error))
    return go_to(f"{paths.HOLDS}?done={LIFTED}")


def _order(asked: Asked) -> HoldOrder:
    """Read a hold that is to be placed. Raises OperatorError."""
    if asked.values["on"] not in {"license", "person"} or not asked.values[_whose(asked)]:
        raise OperatorError("Name what is to be held: a license, or a person.")
    try:
        until = date.fromisoformat(asked.values["until"])
    except ValueError:
        raise OperatorError("Give its last day as 2027-12-31.") from None
    return HoldOrder(asked.reason, asked.values["ordered_by"], until)


def _whose(asked: Asked) -> str:
    return "email" if asked.values["on"] == "person" else "license"


async def _place(
    context: Context, asked: Asked, order: HoldOrder, *, dry_run: bool
) -> list[Mapping[str, Any]]:
    """Place holds, or only tell which: the same, undone. Raises OperatorError."""
    named = asked.values[_whose(asked)]
    use_case = holds.place_on_person if _whose(asked) == "email" else holds.place_on_license

    async def work(inner: Context) -> bytes:
        placed = await use_case(inner, named, order)
        return json.dumps([_document(inner, each) for each in placed]).encode()

    parts = ("hold", *map(str, sorted(asked.values.items())), asked.reason)
    call = ToolCall(f"console-{asked.key}", "\0".join(parts).encode(), dry_run)
    documents: list[Mapping[str, Any]] = json.loads(
        (await tool_calls.once(context, call, work)).answer
    )
    return documents


def _document(context: Context, hold: Hold, *, clear: bool = False) -> Mapping[str, Any]:
    return admin_api.hold(hold, context.now().date(), clear=clear)


async def _list(
    request: Request, me: SignedIn, *, reveal: str | None = None, fault: str | None = None
) -> Response:
    context, everything = acting(request, me), request.query_params.get("show") == "all"
    found = await holds.list_holds(context, ended_too=everything, reveal=reveal)
    return page(
        request,
        "holds.html",
        422 if fault else 200,
        me=me,
        holds=[_document(context, each, clear=reveal is not None) for each in found],
        everything=everything,
        in_clear=reveal is not None,
        done=_DONE.get(request.query_params.get("done", "")),
        fault=fault,
    )


def _form(request: Request, me: SignedIn, asked: Asked) -> Response:
    return page(request, "hold_place.html", 422 if asked.fault else 200, me=me, asked=asked)


async def _lift_form(
    request: Request, me: SignedIn, hold_id: str, *, fault: str | None = None
) -> Response:
    context, wanted = acting(request, me), id_of(hold_id)
    found = [each for each in await holds.list_holds(context) if each.hold_id == wanted]
    if not found and fault is None:
        raise HTTPException(404)
    return page(
        request,
        "hold_lift.html",
        422 if fault else 200,
        me=me,
        hold=_document(context, found[0]) if found else None,
        fault=fault,
    )
