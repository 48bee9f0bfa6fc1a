"""Tokens of the API: which there are, a new one, and taking one back."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import admin_api, api_token
from activation_server.rules import api_token as api_token_rules
from activation_server.rules.api_token import (
    DAYS,
    MOST_DAYS,
    SCOPES,
    ApiToken,
    Standing,
    TokenOrder,
)
from activation_server.rules.errors import OperatorError
from activation_server.rules.permissions import Permission
from activation_server.services import api_tokens, confirmed
from activation_server.services.confirmed import Change
from activation_server.services.context import Context
from activation_server.web.console import confirming, paths
from activation_server.web.console.access import SignedIn, acting, context_of, requires
from activation_server.web.console.confirming import Asked
from activation_server.web.console.pages import go_to, page

_FIELDS: Final = ("name", "days", *SCOPES)

router = APIRouter(include_in_schema=False)
Keeper = Annotated[SignedIn, Depends(requires(Permission.TOKENS_MANAGE))]


@router.get(paths.TOKENS)
async def tokens(request: Request, me: Keeper) -> Response:
    """List all tokens, those that are taken no more last."""
    now = context_of(request).now()
    found = [(each, each.standing(now)) for each in await api_tokens.list_all(acting(request, me))]
    found.sort(key=lambda pair: pair[1] is not Standing.VALID)
    done = request.query_params.get("done") == "revoked"
    return page(request, "tokens.html", me=me, tokens=found, done=done)


@router.get(paths.NEW_TOKEN)
async def empty_form(request: Request, me: Keeper) -> Response:
    """Ask for a token's name, end and scopes."""
    values = {**dict.fromkeys(_FIELDS, ""), "days": str(DAYS)}
    return _new(request, me, confirming.offered(acting(request, me), values))


@router.post(paths.NEW_TOKEN)
async def issue(request: Request, me: Keeper) -> Response:
    """Make a token, and show it: a form that is sent again gets the same one."""
    context, asked = acting(request, me), confirming.sent(request, _FIELDS)
    refused = await confirming.take(request, context, asked, partial(_issued, context, me))
    if refused is not None:
        return _new(request, me, refused)
    text = api_token.write(_secret(context, asked))
    return page(
        request,
        "token_shown.html",
        me=me,
        name=asked.values["name"],
        text=text,
        issuer=context.issuer,
    )


@router.get(paths.REVOKE_TOKEN)
async def ask(request: Request, me: Keeper, name: str) -> Response:
    """Ask why a token is to be taken back."""
    token = await _token(acting(request, me), name)
    return _revoke(request, me, token, confirming.offered(acting(request, me), {}))


@router.post(paths.REVOKE_TOKEN)
async def revoke(request: Request, me: Keeper, name: str) -> Response:
    """Show what that does, or do it."""
    context = acting(request, me)
    token = await _token(context, name)
    asked = confirming.sent(request, ())
    refused = await confirming.take(request, context, asked, partial(_revoked, name))
    if refused is not None:
        return _revoke(request, me, token, refused)
    return go_to(f"{paths.TOKENS}?done=revoked")


def scopes_for(me: SignedIn) -> Sequence[Permission]:
    """Give the scopes that somebody may give a token: no more than they may do themselves."""
    return [each for each in SCOPES if me.may(each)]


def _issued(context: Context, me: SignedIn, asked: Asked) -> Change:
    """Make a filled form into the issue of a token. Raises OperatorError."""
    name, days = asked.values["name"], asked.values["days"]
    if not (days.isascii() and days.isdecimal() and len(days) < 5):
        raise OperatorError(f"A token lasts 1 to {MOST_DAYS} days.")
    scopes = [each for each in scopes_for(me) if asked.values[each]]
    order, secret = TokenOrder(name, scopes, int(days)), _secret(context, asked)

    async def work(inner: Context) -> object:
        return await api_tokens.issue(inner, order, why=asked.reason, secret=secret)

    return Change(asked.key, asked.all("issue"), partial(_facts, name), work)


def _revoked(name: str, asked: Asked) -> Change:
    async def work(inner: Context) -> object:
        return await api_tokens.revoke(inner, name, why=asked.reason)

    return Change(asked.key, asked.all(f"revoke {name}"), partial(_facts, name), work)


async def _facts(name: str, context: Context) -> Mapping[str, Any]:
    tokens, now = await api_tokens.list_all(context), context.now()
    told = [admin_api.api_token(each, now) for each in tokens if each.name == name]
    if not told:
        return {}
    given = [
        each.name
        for each in tokens
        if each.made_by == api_token_rules.actor_of(name) and each.standing(now) is Standing.VALID
    ]
    facts = {key: told[0][key] for key in ("name", "status", "scopes", "expires")}
    return {**facts, "tokens_it_gave": given or None}


def _secret(context: Context, asked: Asked) -> bytes:
    return confirmed.secret(context, asked.key, f"token {asked.values['name']}")


async def _token(context: Context, name: str) -> ApiToken:
    found = [each for each in await api_tokens.list_all(context) if each.name == name]
    if not found:
        raise HTTPException(404)
    return found[0]


def _new(request: Request, me: SignedIn, asked: Asked) -> Response:
    return page(
        request,
        "token_new.html",
        asked.status,
        me=me,
        asked=asked,
        scopes=scopes_for(me),
        most_days=MOST_DAYS,
    )


def _revoke(request: Request, me: SignedIn, token: ApiToken, asked: Asked) -> Response:
    return page(request, "token_revoke.html", asked.status, me=me, api_token=token, asked=asked)
