"""The vendor's staff, for administrators: who there is, and what can be changed of each."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from activation_server.rules.errors import NotFoundError
from activation_server.rules.permissions import MAY, Permission, Role
from activation_server.rules.staff import name_of
from activation_server.services import staff, staff_accounts
from activation_server.services.confirmed import Change
from activation_server.services.context import Context
from activation_server.services.staff_accounts import Account
from activation_server.web.console import confirming, paths
from activation_server.web.console.access import SignedIn, acting, requires
from activation_server.web.console.confirming import Asked
from activation_server.web.console.pages import go_to, page
from activation_server.web.console.staff_changes import (
    CHANGES,
    LINK,
    StaffChange,
    link_token,
    role_of,
)

_CHANGE: Final = paths.MEMBER + "/{change}"
_NEW_FIELDS: Final = ("name", "role")

router = APIRouter(include_in_schema=False)
Administrator = Annotated[SignedIn, Depends(requires(Permission.STAFF_MANAGE))]


@router.get(paths.STAFF)
async def everybody(request: Request, me: Administrator) -> Response:
    """List everybody."""
    accounts = await staff_accounts.list_all(acting(request, me))
    return page(request, "staff.html", me=me, accounts=accounts)


@router.get(paths.NEW_MEMBER)
async def empty_form(request: Request, me: Administrator) -> Response:
    """Ask for the name and the role of somebody new."""
    asked = confirming.offered(acting(request, me), {"name": "", "role": Role.SUPPORT})
    return _new(request, me, asked)


@router.post(paths.NEW_MEMBER)
async def add(request: Request, me: Administrator) -> Response:
    """Add somebody; show the link, once."""
    context, asked = acting(request, me), confirming.sent(request, _NEW_FIELDS)
    refused = await confirming.take(request, context, asked, partial(_added, context))
    if refused is not None:
        return _new(request, me, refused)
    return await _linked(request, me, await _named(context, asked.values["name"]), asked)


@router.get(paths.MEMBER)
async def member(request: Request, me: Administrator, staff_id: str) -> Response:
    """Show somebody's account, and where they are signed in."""
    context = acting(request, me)
    account = await _account(context, staff_id)
    done = CHANGES.get(request.query_params.get("done", ""))
    has_provider = context.sign_on is not None
    offered = [
        each
        for each in CHANGES.values()
        if each.offered(account) and (has_provider or not each.takes_provider)
    ]
    path = path_of(account)
    return page(
        request, "member.html", me=me, account=account, changes=offered, done=done, here_is=path
    )


@router.get(_CHANGE)
async def ask(request: Request, me: Administrator, staff_id: str, change: str) -> Response:
    """Ask for what a change needs."""
    context, wanted = acting(request, me), _change_named(change)
    account = await _account(context, staff_id)
    session = request.query_params.get("session", "")[: confirming.LONGEST]
    values = {"role": account.of.role.value, "session": session, "email": ""}
    asked = confirming.offered(context, {name: values[name] for name in wanted.fields})
    return _asked(request, me, wanted, account, asked)


@router.post(_CHANGE)
async def do(request: Request, me: Administrator, staff_id: str, change: str) -> Response:
    """Show what a change would do, or do it."""
    context, wanted = acting(request, me), _change_named(change)
    account = await _account(context, staff_id)
    asked = confirming.sent(request, wanted.fields)
    refused = await confirming.take(request, context, asked, partial(_changed, wanted, account))
    if refused is not None:
        return _asked(request, me, wanted, account, refused)
    if wanted.name == LINK:
        return await _linked(request, me, await _account(context, staff_id), asked)
    return go_to(f"{path_of(account)}?done={wanted.name}")


def path_of(account: Account) -> str:
    """Give where an account is shown."""
    return paths.MEMBER.format(staff_id=account.of.staff_id)


def _added(context: Context, asked: Asked) -> Change:
    """Make a filled form into the adding of somebody. Raises OperatorError."""
    name, role = asked.values["name"], role_of(asked)
    known_as = name_of(name)
    token = link_token(context, asked, known_as)

    async def facts(inner: Context) -> Mapping[str, Any]:
        found = [each for each in await staff_accounts.list_all(inner) if each.of.name == known_as]
        return {"name": known_as, **found[0].facts()} if found else {}

    async def work(inner: Context) -> object:
        return await staff.add(inner, name, role, why=asked.reason, token=token)

    return Change(asked.key, asked.all("add"), facts, work)


def _changed(wanted: StaffChange, account: Account, asked: Asked) -> Change:
    """Make a filled form into a change of an account."""
    staff_id = account.of.staff_id

    async def facts(inner: Context) -> Mapping[str, Any]:
        return (await staff_accounts.get(inner, staff_id, lock=True)).facts()

    async def work(inner: Context) -> object:
        return await wanted.do(inner, account, asked)

    return Change(asked.key, asked.all(f"{wanted.name} {staff_id}"), facts, work)


async def _named(context: Context, typed: str) -> Account:
    name = name_of(typed)
    return next(each for each in await staff_accounts.list_all(context) if each.of.name == name)


async def _account(context: Context, staff_id: str) -> Account:
    try:
        return await staff_accounts.get(context, UUID(staff_id))
    except (ValueError, NotFoundError):
        raise HTTPException(404) from None


def _change_named(name: str) -> StaffChange:
    try:
        return CHANGES[name]
    except KeyError:
        raise HTTPException(404) from None


def _new(request: Request, me: SignedIn, asked: Asked) -> Response:
    return page(request, "staff_new.html", asked.status, me=me, asked=asked, may=MAY)


def _asked(
    request: Request, me: SignedIn, change: StaffChange, account: Account, asked: Asked
) -> Response:
    return page(
        request,
        "staff_change.html",
        asked.status,
        me=me,
        change=change,
        account=account,
        asked=asked,
        back=path_of(account),
        may=MAY,
        is_me=account.of.staff_id == me.staff_id,
    )


async def _linked(request: Request, me: SignedIn, account: Account, asked: Asked) -> Response:
    """Show a link: a form that is sent again gets the same one."""
    context = acting(request, me)
    url = staff.url_of(context, link_token(context, asked, account.of.name))
    return page(request, "staff_link.html", me=me, account=account, url=url)
