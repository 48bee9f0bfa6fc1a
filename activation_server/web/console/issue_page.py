"""Licenses issued: a form, what would be issued, and then their keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import csv_export
from activation_server.rules.errors import KeyReusedError, OperatorError
from activation_server.rules.permissions import Permission
from activation_server.services import issuing, products
from activation_server.services.context import Context
from activation_server.services.issuing import Issue, Issued
from activation_server.services.licensing import Order
from activation_server.web.console import issue_form, paths
from activation_server.web.console.access import SignedIn, acting, form_of, requires
from activation_server.web.console.issue_form import INPUTS
from activation_server.web.console.license_page import reason_of
from activation_server.web.console.pages import HEADERS, page

LONGEST: Final = 1000  # characters of an input
COLUMNS: Final = (
    *("license_key", "license_id", "product", "policy", "edition", "seats"),
    *("expires", "maintenance_until", "order"),
)
_SENT_BEFORE: Final = (
    "This form issued licenses already, with other contents. Look once more to issue these as well."
)

router = APIRouter(include_in_schema=False)
Issuer = Annotated[SignedIn, Depends(requires(Permission.LICENSES_ISSUE))]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form holds: typed, or as it is offered at first."""

    values: Mapping[str, str] = field(repr=False)
    reason: str = field(default="", repr=False)
    key: str = ""  # which names this form, so that it is carried out once
    faults: Mapping[str, str] = field(default_factory=dict)
    fault: str | None = None


@router.get(paths.ISSUE)
async def show(request: Request, me: Issuer) -> Response:
    """Show the form."""
    context = acting(request, me)
    offered = await products.list_products(context)
    return await _form(request, me, Asked(issue_form.at_first(offered), key=_new_key(context)))


@router.post(paths.ISSUE)
async def send(request: Request, me: Issuer) -> Response:
    """Show what would be issued; issue it; or give once more what was issued, as CSV."""
    context, form = acting(request, me), form_of(request)
    typed = {name: form.text(name).replace("\0", "").strip()[:LONGEST] for name in INPUTS}
    asked = Asked(typed, reason_of(request), form.text("key")[:LONGEST])
    order = issue_form.order_of(typed, asked.reason)
    if not isinstance(order, Order):
        return await _form(request, me, replace(asked, faults=order))
    if "back" in form:
        return await _form(request, me, asked)
    try:
        return await _answer(request, me, asked, order)
    except KeyReusedError:
        asked = replace(asked, key=_new_key(context), fault=_SENT_BEFORE)
    except OperatorError as error:
        asked = replace(asked, fault=str(error))
    return await _form(request, me, asked)


async def _answer(request: Request, me: SignedIn, asked: Asked, order: Order) -> Response:
    """Do what the button says that was pressed. Raises OperatorError."""
    context, form = acting(request, me), form_of(request)
    issue = Issue(asked.key, _written(asked), order)
    if "csv" in form:
        return _csv(await issuing.issued_before(context, issue), context)
    if "confirmed" in form:
        issued = await issuing.carry_out(context, issue)
        return page(request, "issued.html", me=me, asked=asked, issued=issued)
    seen = await issuing.look(context, issue)
    is_over = order.expires_at is not None and order.expires_at <= context.now()
    return page(
        request, "issue_seen.html", me=me, asked=asked, order=order, seen=seen, is_over=is_over
    )


def _new_key(context: Context) -> str:
    return context.randomness.uuid().hex


def _written(asked: Asked) -> bytes:
    """Write all that is asked for: the same bytes for the same form."""
    return "\0".join(["issue", asked.reason, *map(str, asked.values.items())]).encode()


async def _form(request: Request, me: SignedIn, asked: Asked) -> Response:
    offered = await products.list_products(acting(request, me))
    return page(
        request,
        "issue.html",
        422 if asked.fault or asked.faults else 200,
        me=me,
        asked=asked,
        most=issue_form.MOST,
        offered=[
            (each.name, [(issue_form.option(each.code, name), name) for name in each.policies])
            for each in offered
        ],
    )


def _csv(issued: Issued, context: Context) -> Response:
    lines = [csv_export.line(COLUMNS)]
    for license_id, key in issued.keys:
        cells = {**issued.license, "license_id": license_id, "license_key": key}
        lines.append(csv_export.line([cells[name] for name in COLUMNS]))
    name = f"licenses-{context.now():%Y-%m-%d}.csv"
    named = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response("".join(lines), 200, {**HEADERS, **named}, csv_export.MEDIA_TYPE)
