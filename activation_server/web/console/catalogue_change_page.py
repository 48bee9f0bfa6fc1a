"""A change of the catalogue: a form that asks why, what it would do, and a button that does it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from activation_server.rules.errors import ChangedMeanwhileError, NotFoundError, OperatorError
from activation_server.rules.permissions import Permission
from activation_server.services import catalogue_edit
from activation_server.services.catalogue_edit import MOST_COUNTED, Edit, Told
from activation_server.services.context import Context
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, form_of, requires
from activation_server.web.console.catalogue_changes import (
    CHANGES,
    CatalogueChange,
    Form,
    Given,
    Subject,
)
from activation_server.web.console.change_form import Field
from activation_server.web.console.license_page import reason_of
from activation_server.web.console.pages import go_to, page

LONGEST: Final = 200  # characters of what a change is about

Handler = Callable[..., Awaitable[Response]]
Writer = Annotated[SignedIn, Depends(requires(Permission.CATALOGUE_WRITE))]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form holds: typed, or as it is offered at first."""

    subject: Subject
    form: Form
    values: Mapping[str, str]
    reason: str = field(default="", repr=False)
    key: str = ""  # which names this form, so that it is carried out once
    seen: str = ""  # the version of what is changed
    told: Told | None = None  # what it would do; none before somebody looked
    fault: str | None = None


def make_router() -> APIRouter:
    """Make two routes for each change."""
    router = APIRouter(include_in_schema=False)
    for change in CHANGES.values():
        path = f"{paths.CATALOGUE}/{change.name}"
        router.add_api_route(path, _shown(change), methods=["GET"], name=f"ask {change.name}")
        router.add_api_route(path, _sent(change), methods=["POST"], name=f"do {change.name}")
    return router


def _shown(change: CatalogueChange) -> Handler:
    async def shown(request: Request, me: Writer) -> Response:
        context, given = acting(request, me), request.query_params
        subject = Subject(**{name: _named(given.get(name, "")) for name in change.of})
        form = await _form(context, change, subject)
        values = {each.name: each.value for each in form.fields}
        key = context.randomness.uuid().hex
        return _page(request, me, change, Asked(subject, form, values, key=key, seen=form.seen))

    return shown


def _sent(change: CatalogueChange) -> Handler:
    async def sent(request: Request, me: Writer) -> Response:
        context, typed = acting(request, me), form_of(request)
        subject = Subject(**{name: _named(typed.text(f"of-{name}")) for name in change.of})
        form = await _form(context, change, subject)
        asked = Asked(
            subject,
            form,
            {each.name: _typed(typed.text(each.name), each) for each in form.fields},
            reason_of(request),
            _named(typed.text("key")),
            _named(typed.text("seen")),
        )
        try:
            edit = _edit(change, asked)
            if "confirmed" in typed:
                await catalogue_edit.carry_out(context, edit)
                return go_to(f"{paths.of_product(_product(asked))}&done={change.name}")
            told = await catalogue_edit.look(context, edit)
        except ChangedMeanwhileError as error:
            asked = replace(asked, seen=form.seen, fault=str(error))
        except OperatorError as error:
            asked = replace(asked, fault=str(error))
        else:
            asked = replace(asked, told=told)
        return _page(request, me, change, asked)

    return sent


async def _form(context: Context, change: CatalogueChange, subject: Subject) -> Form:
    try:
        return await change.form(context, subject)
    except NotFoundError:
        raise HTTPException(404) from None


def _named(text: str) -> str:
    return text.replace("\0", "")[:LONGEST]


def _typed(text: str, of: Field) -> str:
    return text.replace("\0", "").strip()[: of.longest]


def _product(asked: Asked) -> str:
    return asked.subject.product or asked.values["code"]


def _edit(change: CatalogueChange, asked: Asked) -> Edit:
    """Make a filled form into a change. Raises OperatorError."""
    if not asked.reason:
        raise OperatorError("Say why: it stands in the audit log.")
    for each in asked.form.fields:
        value = asked.values[each.name]
        if (each.required and not value) or (each.choices and value not in each.choices):
            msg = f"{each.label}: choose one." if each.choices else f"{each.label} is missing."
            raise OperatorError(msg)
    given = Given(asked.subject, asked.values, asked.reason, asked.seen)

    async def do(context: Context) -> Told:
        return await change.do(context, given)

    about = [*asdict(asked.subject).values(), *map(str, asked.values.items())]
    written = "\0".join((change.name, asked.reason, asked.seen, *about))
    return Edit(f"catalogue-{asked.key}", written.encode(), do)


def _groups(fields: Sequence[Field]) -> list[tuple[str, list[Field]]]:
    return [(name, list(some)) for name, some in groupby(fields, lambda each: each.group)]


def _page(request: Request, me: SignedIn, change: CatalogueChange, asked: Asked) -> Response:
    product = asked.subject.product
    about = {name: getattr(asked.subject, name) for name in change.of}
    return page(
        request,
        "catalogue_change.html",
        422 if asked.fault else 200,
        me=me,
        change=change,
        asked=asked,
        groups=_groups(asked.form.fields),
        labels={each.name: each.label for each in asked.form.fields},
        about=about,
        subject={f"of-{name}": value for name, value in about.items()},
        back=paths.of_product(product) if product else paths.CATALOGUE,
        most=MOST_COUNTED,
    )
