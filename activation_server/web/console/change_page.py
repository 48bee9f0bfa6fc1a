"""A change of a license: a form that asks why, what it would do, and a button that does it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from activation_server.rules.errors import NotFoundError, OperatorError
from activation_server.services import license_edit
from activation_server.services.context import Context
from activation_server.services.license_edit import Changes, Edit, ToChange
from activation_server.web.admin import documents
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, form_of, requires
from activation_server.web.console.change_form import Field, Given, LicenseChange
from activation_server.web.console.forms import Form
from activation_server.web.console.license_changes import CHANGES, computer_of
from activation_server.web.console.license_page import id_of, reason_of
from activation_server.web.console.pages import go_to, page

LONGEST: Final = 200  # characters of a field that is no input
_COMPUTER: Final = "computer"
_WAS: Final = "was-"  # before a field's name: what stood in it when the form was shown

Handler = Callable[..., Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form holds; of a sparse change only what was changed in it."""

    values: Mapping[str, str]
    reason: str = ""
    key: str = ""  # which names this form, so that it is carried out once
    changes: Changes | None = None  # what it would do; none before somebody looked
    fault: str | None = field(default=None)


def make_router() -> APIRouter:
    """Make two routes for each change: they differ in who may open them."""
    router = APIRouter(include_in_schema=False)
    for change in CHANGES.values():
        path = f"{paths.LICENSE}/{change.name}"
        router.add_api_route(path, _shown(change), methods=["GET"], name=f"ask {change.name}")
        router.add_api_route(path, _sent(change), methods=["POST"], name=f"do {change.name}")
    return router


def _shown(change: LicenseChange) -> Handler:
    async def shown(
        request: Request,
        me: Annotated[SignedIn, Depends(requires(change.permission))],
        license_id: str,
    ) -> Response:
        context = acting(request, me)
        now = await _to_change(context, license_id)
        computer = request.query_params.get("computer", "")[:LONGEST]
        asked = Asked({_COMPUTER: computer}, key=context.randomness.uuid().hex)
        return _page(request, me, change, now, asked)

    return shown


def _sent(change: LicenseChange) -> Handler:
    async def sent(
        request: Request,
        me: Annotated[SignedIn, Depends(requires(change.permission))],
        license_id: str,
    ) -> Response:
        context, form = acting(request, me), form_of(request)
        now = await _to_change(context, license_id)
        values = _values(change, change.fields(now), form)
        asked = Asked(values, reason_of(request), form.text("key")[:LONGEST])
        try:
            edit = _edit(change, now, asked)
            if "confirmed" in form:
                new_key = await license_edit.carry_out(context, edit, form.text("seen"))
                where = paths.of_license(now.view.license.license_id)
                if new_key is not None:
                    return page(request, "new_key.html", me=me, key=new_key, back=where)
                return go_to(f"{where}?done={change.name}")
            asked = replace(asked, changes=await license_edit.look(context, edit))
        except OperatorError as error:
            asked = replace(asked, fault=str(error))
        return _page(request, me, change, now, asked)

    return sent


async def _to_change(context: Context, license_id: str) -> ToChange:
    try:
        return await license_edit.to_change(context, id_of(license_id))
    except NotFoundError:
        raise HTTPException(404) from None


def _values(change: LicenseChange, fields: Sequence[Field], form: Form) -> Mapping[str, str]:
    """Give what was typed; of a sparse change only what differs from what stood there."""
    values = {each.name: _typed(form, each.name, each.longest) for each in fields}
    if change.sparse:
        was = {each.name: _typed(form, _WAS + each.name, each.longest) for each in fields}
        values = {
            name: text
            for name, text in values.items()
            if name in form and (_WAS + name not in form or text != was[name])
        }
    return {**values, _COMPUTER: _typed(form, _COMPUTER, LONGEST)}


def _typed(form: Form, name: str, longest: int) -> str:
    return form.text(name).replace("\0", "").replace("\r\n", "\n").strip()[:longest]


def _edit(change: LicenseChange, now: ToChange, asked: Asked) -> Edit:
    """Make a filled form into a change. Raises OperatorError."""
    if not asked.reason:
        msg = "Say why: it stands in the license's history and in the audit log."
        raise OperatorError(msg)
    for each in change.fields(now):
        value = asked.values.get(each.name)
        if value is None:  # of a sparse change: it stays as it is
            continue
        if (each.required and not value) or (each.choices and value not in each.choices):
            msg = f"{each.label}: choose one." if each.choices else f"{each.label} is missing."
            raise OperatorError(msg)
    given = Given(now.view.license.license_id, asked.values, asked.reason)

    async def do(context: Context) -> object:
        return await change.do(context, given)

    parts = (change.name, str(given.license_id), given.reason, *map(str, given.fields.items()))
    computer = computer_of(given) if change.of_computer else None
    asked_for = "\0".join(parts).encode()
    return Edit(given.license_id, f"console-{asked.key}", asked_for, do, computer)


def _page(
    request: Request, me: SignedIn, change: LicenseChange, now: ToChange, asked: Asked
) -> Response:
    fields = change.fields(now)
    return page(
        request,
        "change.html",
        422 if asked.fault else 200,
        me=me,
        change=change,
        undo=None if change.undo is None else CHANGES[change.undo],
        license=documents.seen(now.view, now.at),
        back=paths.of_license(now.view.license.license_id),
        asked=asked,
        groups=[(name, list(those)) for name, those in groupby(fields, lambda each: each.group)],
        typed={**{each.name: each.value for each in fields}, **asked.values},
        seen=now.view.version,
    )
