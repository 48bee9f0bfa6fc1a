"""A person's data: what is stored, a copy of it, kept shorter, erased. No address is in a URL."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import person_files, person_summary
from activation_server.formats.person_summary import KindHeld
from activation_server.rules.errors import OperatorError
from activation_server.rules.permissions import Permission
from activation_server.services import erasure, export, people, person_data
from activation_server.services.context import Context
from activation_server.services.person_data import PersonData
from activation_server.services.tool_calls import ToolCall
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, form_of, requires
from activation_server.web.console.license_page import reason_of
from activation_server.web.console.pages import HEADERS, go_to, page

LONGEST: Final = 300  # characters of an address, and of whom the person may ask
WISHES: Final = (*range(1, 13), 18, 24)  # months
SAY_WHY: Final = "Say why: it stands in the audit log, sealed."
_MEDIA_TYPES: Final = {"html": "text/html", "json": "application/json"}

Exporter = Annotated[SignedIn, Depends(requires(Permission.PEOPLE_EXPORT))]
Eraser = Annotated[SignedIn, Depends(requires(Permission.PEOPLE_ERASE))]
Manager = Annotated[SignedIn, Depends(requires(Permission.PRIVACY_MANAGE, fresh=True))]

router = APIRouter(include_in_schema=False)


@router.get(paths.PERSON)
async def ask(request: Request, me: Exporter) -> Response:
    """Ask for an address."""
    return _page(request, me, "", None)


@router.get(paths.PERSON + "/{_step}")
async def begin_anew(_me: Exporter, _step: str) -> Response:
    """Lead back to the beginning, where a form was sent too late."""
    return go_to(paths.PERSON)


@router.post(paths.PERSON)
async def look(request: Request, me: Exporter) -> Response:
    """Show what is stored about the person of an address."""
    return await _looked(request, me)


@router.post(paths.PERSON + "/export")
async def give_copy(request: Request, me: Exporter) -> Response:
    """Give everything that is held on a person, as files for the person."""
    form, reason = form_of(request), reason_of(request)
    contact = _short(form.text("contact")) or None
    if not reason:
        return await _looked(request, me, fault=SAY_WHY)
    try:
        found = await export.export(acting(request, me), email_of(request), reason)
    except OperatorError as error:
        return await _looked(request, me, fault=str(error))
    if not found.licenses:
        return await _looked(request, me)
    kind = form.text("as")
    if kind not in _MEDIA_TYPES:
        return _download(
            person_files.zipped(found, contact),
            "application/zip",
            person_files.stem(found) + ".zip",
        )
    name = f"{person_files.stem(found)}.{kind}"
    text = person_files.files(found, contact)[name]
    return _download(text.encode(), f"{_MEDIA_TYPES[kind]}; charset=utf-8", name)


@router.post(paths.PERSON + "/wish")
async def wish(request: Request, me: Manager) -> Response:
    """Note how long the person wishes to be remembered after the last contact."""
    text, reason = form_of(request).text("months"), reason_of(request)
    wished = {str(each): each for each in WISHES}
    if not reason or (text and text not in wished):
        return await _looked(request, me, fault=SAY_WHY)
    try:
        await people.wish(acting(request, me), email_of(request), wished.get(text), reason)
    except OperatorError as error:
        return await _looked(request, me, fault=str(error))
    kept = f"{text} months after the last contact" if text else "as long as for everybody"
    return await _looked(request, me, done=f"Noted: it is kept {kept}.")


@router.post(paths.PERSON + "/erase")
async def erase(request: Request, me: Eraser) -> Response:
    """Show what an erasure takes and what it leaves; then, on another press, erase."""
    context, form, reason = acting(request, me), form_of(request), reason_of(request)
    if "confirmed" not in form:
        return await _preview(request, me, context.randomness.uuid().hex)
    key = _short(form.text("key"))
    if not reason:
        return await _preview(request, me, key, fault=SAY_WHY)
    call = ToolCall(f"console-{key}", "\0".join(("erase", email_of(request), reason)).encode())
    try:
        done = await erasure.erase(context, email_of(request), reason=reason, call=call)
    except OperatorError as error:
        return await _preview(request, me, key, fault=str(error))
    return page(request, "person_erased.html", me=me, email=email_of(request), done=done)


def email_of(request: Request) -> str:
    """Give the address that a form has."""
    return _short(form_of(request).text("email"))


def kinds_of(found: PersonData) -> Sequence[KindHeld]:
    """Give the kinds of data that are held."""
    return person_summary.kinds(found.export)


def _short(text: str) -> str:
    return text.replace("\0", "").strip()[:LONGEST]


def _download(body: bytes, media_type: str, name: str) -> Response:
    named = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, 200, {**HEADERS, **named}, media_type)


async def _looked(
    request: Request, me: SignedIn, *, fault: str | None = None, done: str | None = None
) -> Response:
    email = email_of(request)
    try:
        found = await person_data.look(acting(request, me), email)
    except OperatorError as error:
        return _page(request, me, email, None, fault=str(error))
    return _page(request, me, email, found, fault=fault, done=done)


def _page(
    request: Request,
    me: SignedIn,
    email: str,
    found: PersonData | None,
    *,
    fault: str | None = None,
    done: str | None = None,
) -> Response:
    return page(
        request,
        "person.html",
        422 if fault else 200,
        me=me,
        email=email,
        found=found,
        classes=() if found is None else person_summary.classes(kinds_of(found)),
        licenses=() if found is None else person_summary.licenses(found.export),
        wishes=WISHES,
        fault=fault,
        done=done,
    )


async def _preview(
    request: Request, me: SignedIn, key: str, *, fault: str | None = None
) -> Response:
    """Show what would be: by the erasure itself, which is not carried out, and by what is held."""
    context, email = acting(request, me), email_of(request)
    try:
        found = await person_data.look(context, email)
    except OperatorError as error:
        return _page(request, me, email, None, fault=str(error))
    counts, refused = await _would_go(context, email)
    return page(
        request,
        "person_erase.html",
        422 if fault else 200,
        me=me,
        email=email,
        holds=found.holds,
        kinds=kinds_of(found),
        stays=person_summary.classes(each for each in kinds_of(found) if not each.goes),
        counts=counts,
        refused=refused,
        fault=fault,
        key=key,
    )


async def _would_go(context: Context, email: str) -> tuple[erasure.Counts, str | None]:
    try:
        return (await erasure.erase(context, email, dry_run=True)).counts, None
    except OperatorError as error:
        return erasure.Counts(), str(error)
