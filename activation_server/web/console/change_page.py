"""A change of a license: a form that asks why, what it would do, and a button that does it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from activation_server.rules.errors import NotFoundError, OperatorError
from activation_server.services import license_edit
from activation_server.services.context import Context
from activation_server.services.license_edit import Changes, Edit
from activation_server.services.licensing import LicenseView
from activation_server.web.admin import documents
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, form_of, requires
from activation_server.web.console.forms import Form
from activation_server.web.console.license_changes import CHANGES, Given, LicenseChange
from activation_server.web.console.license_page import id_of, reason_of
from activation_server.web.console.pages import go_to, page

LONGEST: Final = 200  # characters of a field

Handler = Callable[..., Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form holds: typed, or as it is offered at first."""

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
        view = await _view(context, license_id)
        values = {each.name: each.now(view.license) for each in change.fields}
        computer = request.query_params.get("computer", "")[:LONGEST]
        asked = Asked({**values, "computer": computer}, key=context.randomness.uuid().hex)
        return _page(request, me, change, view, asked)

    return shown


def _sent(change: LicenseChange) -> Handler:
    async def sent(
        request: Request,
        me: Annotated[SignedIn, Depends(requires(change.permission))],
        license_id: str,
    ) -> Response:
        context, form = acting(request, me), form_of(request)
        view = await _view(context, license_id)
        asked = Asked(_values(change, form), reason_of(request), form.text("key")[:LONGEST])
        try:
            edit = _edit(change, view, asked)
            if "confirmed" in form:
                await license_edit.carry_out(context, edit, form.text("seen"))
                where = paths.of_license(view.license.license_id)
                return go_to(f"{where}?done={change.name}")
            changes = await license_edit.look(context, edit)
        except OperatorError as error:
            asked = Asked(asked.values, asked.reason, asked.key, fault=str(error))
            return _page(request, me, change, view, asked)
        asked = Asked(asked.values, asked.reason, asked.key, changes)
        return _page(request, me, change, view, asked)

    return sent


async def _view(context: Context, license_id: str) -> LicenseView:
    try:
        return await license_edit.current(context, id_of(license_id))
    except NotFoundError:
        raise HTTPException(404) from None


def _values(change: LicenseChange, form: Form) -> Mapping[str, str]:
    names = [*(each.name for each in change.fields), "computer"]
    return {name: form.text(name).replace("\0", "").strip()[:LONGEST] for name in names}


def _edit(change: LicenseChange, view: LicenseView, asked: Asked) -> Edit:
    """Make a filled form into a change. Raises OperatorError."""
    if not asked.reason:
        msg = "Say why: it stands in the license's history and in the audit log."
        raise OperatorError(msg)
    for each in change.fields:
        value = asked.values[each.name]
        if (each.required and not value) or (each.choices and value not in each.choices):
            msg = f"{each.label}: choose one." if each.choices else f"{each.label} is missing."
            raise OperatorError(msg)
    given = Given(view.license.license_id, asked.values, asked.reason)

    async def do(context: Context) -> object:
        return await change.do(context, given)

    parts = (change.name, str(given.license_id), given.reason, *map(str, given.fields.items()))
    return Edit(given.license_id, f"console-{asked.key}", "\0".join(parts).encode(), do)


def _page(
    request: Request, me: SignedIn, change: LicenseChange, view: LicenseView, asked: Asked
) -> Response:
    return page(
        request,
        "change.html",
        422 if asked.fault else 200,
        me=me,
        change=change,
        undo=None if change.undo is None else CHANGES[change.undo],
        license=documents.seen(view, acting(request, me).now()),
        back=paths.of_license(view.license.license_id),
        asked=asked,
        seen=view.version,
    )
