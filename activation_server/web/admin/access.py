"""Who calls the admin API, and whether the token may do that (bearer tokens, RFC 6750)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request

from activation_server.formats.admin_problem import AdminCode
from activation_server.rules.api_token import ApiToken, Standing
from activation_server.rules.permissions import Permission
from activation_server.services import api_tokens
from activation_server.services.context import Context
from activation_server.web.admin.answers import AdminRefusal, LimitedError, invalid

_REALM: Final = 'Bearer realm="admin"'
_NOT_TAKEN: Final = {
    Standing.EXPIRED: "This API token is over.",
    Standing.REVOKED: "This API token was revoked.",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """A tool that may do what it asks for; its context acts by the token's name."""

    token: ApiToken
    context: Context


@dataclass(frozen=True, slots=True)
class Requires:
    """Lets a call in whose token has a scope, or all of some. Raises AdminRefusal, LimitedError."""

    permission: Permission
    more: tuple[Permission, ...] = ()

    async def __call__(self, request: Request) -> Caller:
        """Tell who calls, before anything of the request but its head is read."""
        context: Context = request.app.state.context
        token = await _presented(context, request.headers.get("authorization"))
        for needed in (self.permission, *self.more):
            if needed not in token.scopes:
                raise _insufficient(needed)
        _refuse_unknown_parameters(request)
        return Caller(token, replace(context, actor=token.actor))


def requires(permission: Permission, *more: Permission) -> Any:  # noqa: ANN401 - what FastAPI's Depends gives
    """Make the dependency of a route that needs this scope, or each of some."""
    return Depends(Requires(permission, more))


def permissions_of(route: APIRoute) -> Sequence[Permission]:
    """Give the scopes that a route needs, all of them."""
    for dependency in route.dependant.dependencies:
        permission = getattr(dependency.call, "permission", None)
        if isinstance(permission, Permission):
            return permission, *getattr(dependency.call, "more", ())
    return ()


async def _presented(context: Context, header: str | None) -> ApiToken:
    scheme, _, text = (header or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise AdminRefusal(AdminCode.TOKEN_REQUIRED, headers={"WWW-Authenticate": _REALM})
    if limited := context.limits.call_with(text.strip()):
        raise LimitedError(limited)
    token = await api_tokens.presented(context, text.strip())
    standing = None if token is None else token.standing(context.now())
    if token is None or standing is not Standing.VALID:
        told = None if standing is None else _NOT_TAKEN[standing]
        description = told or "The API token is not known."
        header = f'{_REALM}, error="invalid_token", error_description="{description}"'
        raise AdminRefusal(
            AdminCode.TOKEN_INVALID, detail=told, headers={"WWW-Authenticate": header}
        )
    return token


def _insufficient(permission: Permission) -> AdminRefusal:
    header = f'{_REALM}, error="insufficient_scope", scope="{permission}"'
    return AdminRefusal(
        AdminCode.SCOPE_INSUFFICIENT,
        {"scope": permission.value},
        headers={"WWW-Authenticate": header},
    )


def _parameters(dependant: Dependant) -> set[str]:
    """Give the query parameters of a route and of what it depends on."""
    mine = {each.alias for each in dependant.query_params}
    return mine.union(*map(_parameters, dependant.dependencies))


def _refuse_unknown_parameters(request: Request) -> None:
    """Refuse a mistyped filter: a list would hold everything, and look right."""
    known = _parameters(request.scope["route"].dependant)
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        there_are = ", ".join(sorted(known)) or "none"
        raise invalid("/query", f"there is no such parameter; there are: {there_are}")
