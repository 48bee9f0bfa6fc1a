"""An offline request file, taken for a caller who has no other way: its answer is a file again."""

from dataclasses import dataclass, field, replace
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import offline_file, problem
from activation_server.formats.client_api import RequestInvalidError
from activation_server.formats.offline_file import MAX_FILE, DamagedError, Kind
from activation_server.formats.problem import TEXTS
from activation_server.formats.support_advice import ADVICE
from activation_server.rules.errors import KeyReusedError
from activation_server.rules.permissions import Permission
from activation_server.rules.reasons import Refused
from activation_server.services import offline_desk
from activation_server.services.context import Context
from activation_server.services.offline_desk import Brought, Taken
from activation_server.services.tool_calls import ToolCall
from activation_server.web import client_calls
from activation_server.web.client_calls import FileRequest
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, form_of, requires
from activation_server.web.console.license_changes import CHANGES, HELPS
from activation_server.web.console.license_page import reason_of
from activation_server.web.console.pages import HEADERS, go_to, page
from activation_server.web.offline_desk import brought_by
from activation_server.web.requests import TooLargeError
from activation_server.web.responses import refusal_of, text_file

# Uploaded and pasted at once, either up to its limit, a reason, and what a browser writes around.
LARGEST: Final = 2 * MAX_FILE + 16 * 1024  # bytes
FILE_NAME: Final = "activation-response.txt"
_UNREADABLE: Final = (DamagedError, RequestInvalidError, TooLargeError)
_SENT_BEFORE: Final = "This form took another file before. Look once more to take this one."

router = APIRouter(include_in_schema=False)
Supporter = Annotated[SignedIn, Depends(requires(Permission.LICENSES_SUPPORT, largest=LARGEST))]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form holds."""

    file: bytes = field(default=b"", repr=False)
    reason: str = field(default="", repr=False)
    key: str = ""  # which names this form, so that it is carried out once
    fault: str | None = None

    @property
    def text(self) -> str:
        """Give the file as text, to be sent again."""
        return self.file.decode("ascii", "replace")

    def call(self, brought: Brought, *, dry_run: bool) -> ToolCall:
        """Give it by its key, so that a form that is sent twice is carried out once."""
        asked = b"\0".join([b"offline", self.reason.encode(), brought.request])
        return ToolCall(self.key, asked, dry_run)


@router.get(paths.OFFLINE)
async def show(request: Request, me: Supporter) -> Response:
    """Show the form."""
    return page(request, "offline.html", me=me, asked=Asked(key=_new_key(acting(request, me))))


@router.post(paths.OFFLINE)
async def send(request: Request, me: Supporter) -> Response:
    """Show what a file asks for and would be answered; carry it out; give the answer as a file."""
    context, form = acting(request, me), form_of(request)
    file = form.file("file") or form.file("request")
    asked = Asked(file, reason_of(request), form.text("key")[:100])
    if not file.strip():
        return _form(request, me, asked, "Choose the request file, or paste its text.")
    if not asked.reason:
        return _form(request, me, asked, "Say why: it stands in the audit log.")
    if "back" in form:
        return go_to(paths.OFFLINE)
    try:
        wanted = client_calls.read_file(file)
        brought = brought_by(wanted, asked.reason)
        call = asked.call(brought, dry_run="confirmed" not in form and "download" not in form)
        taken = await offline_desk.take(context, brought, call)
    except _UNREADABLE as error:
        return _refused(request, me, asked, refusal_of(error), None)
    except KeyReusedError:
        again = replace(asked, key=_new_key(context))
        return _form(request, me, again, _SENT_BEFORE)
    return _answered(request, me, asked, wanted, taken)


def _new_key(context: Context) -> str:
    return context.randomness.uuid().hex


def _answered(
    request: Request, me: SignedIn, asked: Asked, wanted: FileRequest, taken: Taken
) -> Response:
    """Show what a file is answered, or give that as a file."""
    if isinstance(taken.outcome, Refused):
        return _refused(request, me, asked, taken.outcome, taken.license_id)
    form = form_of(request)
    file = offline_file.write(Kind.RESPONSE, taken.outcome)
    if "download" in form:
        attachment = {"Content-Disposition": f'attachment; filename="{FILE_NAME}"'}
        return text_file(file, HEADERS | attachment)
    return page(
        request,
        "offline_answer.html" if "confirmed" in form else "offline_seen.html",
        me=me,
        asked=asked,
        purpose=wanted.asks.purpose,
        body=wanted.body(),
        license_id=taken.license_id,
        answer=taken.answer,
        file=file,
    )


def _form(request: Request, me: SignedIn, asked: Asked, fault: str) -> Response:
    return page(request, "offline.html", 422, me=me, asked=replace(asked, fault=fault))


def _refused(
    request: Request, me: SignedIn, asked: Asked, refused: Refused, license_id: UUID | None
) -> Response:
    """Tell why a file is refused, and what helps."""
    names = HELPS.get(refused.reason, ()) if license_id else ()
    helps = [CHANGES[name] for name in names if name in CHANGES]
    return page(
        request,
        "offline_refused.html",
        me=me,
        asked=asked,
        license_id=license_id,
        title=TEXTS[refused.reason].title,
        told=problem.told(refused.reason, refused.evidence),
        evidence={name: each for name, each in refused.evidence.items() if name != "errors"},
        errors=refused.evidence.get("errors", ()),
        customer=TEXTS[refused.reason].person,
        support=ADVICE[refused.reason],
        helps=[each for each in helps if me.may(each.permission)],
        by_computer="computers" in names,
    )
