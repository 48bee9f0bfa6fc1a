"""Who may open which page: what every route of the console is made with.

A route takes `me: Annotated[SignedIn, Depends(requires(Permission.LICENSES_READ))]`. Forms that are
sent to it are read, and seen to be of a page of that session; `form_of(request)` gives them.
"""

from dataclasses import dataclass, field
from typing import Final, cast
from uuid import UUID

from starlette.requests import Request

from activation_server.rules import permissions
from activation_server.rules.permissions import Permission, Role
from activation_server.rules.staff import Session
from activation_server.services import sessions
from activation_server.services.context import Context
from activation_server.web.console import cookies, forms
from activation_server.web.console.forms import Form

_READS: Final = frozenset({"GET", "HEAD"})


class AccessError(Exception):
    """A page is not shown, or a form not taken."""


class NotSignedInError(AccessError):
    """Nobody is signed in: answered with the sign-in page, which leads back."""


class NotAllowedError(AccessError):
    """The role does not allow it: answered with 403."""


class StepUpDueError(AccessError):
    """It needs a sign-in just now: answered with the page for that, which leads back."""


class ForgedError(AccessError):
    """A form does not come from a page of this session: answered with 403."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The member of staff that a request is of."""

    staff_id: UUID
    name: str
    role: Role
    csrf: str = field(repr=False)  # what every form must have
    fresh: bool  # signed in only just now
    session: Session = field(repr=False)

    def may(self, permission: Permission) -> bool:
        """Tell whether the role allows it; templates leave out what it does not."""
        return permissions.may(self.role, permission)


@dataclass(frozen=True, slots=True)
class Requires:
    """A dependency of FastAPI's: lets a request through, or raises an AccessError."""

    permission: Permission | None
    fresh: bool
    largest: int

    async def __call__(self, request: Request) -> SignedIn:
        """Give who is signed in, and may do this; a form is read, and must be theirs."""
        me = await who_is(request)
        if me is None:
            raise NotSignedInError
        if request.method not in _READS:
            await self._take_form(request, me)
        if self.permission is not None and not me.may(self.permission):
            raise NotAllowedError
        if self._needs_fresh() and not me.fresh:
            raise StepUpDueError
        return me

    def _needs_fresh(self) -> bool:
        return self.fresh or self.permission in permissions.STEP_UP

    async def _take_form(self, request: Request, me: SignedIn) -> None:
        context = context_of(request)
        if not forms.is_from_here(request, context):
            raise ForgedError
        form = await forms.read(request, self.largest)
        if not sessions.is_form_token(me.csrf, form.text(forms.TOKEN)):
            raise ForgedError
        request.state.form = form


def requires(
    permission: Permission | None = None, *, fresh: bool = False, largest: int = forms.LARGEST
) -> Requires:
    """Make the dependency of a route: for whoever is signed in, or for those with a permission.

    `fresh` asks for a sign-in just now, as permissions in `STEP_UP` do by themselves; `largest`
    is how many bytes its form may have.
    """
    return Requires(permission, fresh, largest)


def context_of(request: Request) -> Context:
    """Give the server's means."""
    return cast("Context", request.app.state.context)


def acting(request: Request, me: SignedIn) -> Context:
    """Give the server's means to whoever is signed in: the audit log gets their name."""
    return context_of(request).acting(me.name)


def form_of(request: Request) -> Form:
    """Give the form that `requires` has read."""
    return cast("Form", request.state.form)


async def who_is(request: Request) -> SignedIn | None:
    """Give who is signed in, if somebody is."""
    context, token = context_of(request), cookies.of(request, cookies.SESSION)
    session = None if token is None else await sessions.find(context, token)
    if session is None:
        return None
    return SignedIn(
        staff_id=session.staff_id,
        name=session.name,
        role=session.role,
        csrf=sessions.form_token(context, session),
        fresh=session.is_fresh(context.now(), context.session_times),
        session=session,
    )
