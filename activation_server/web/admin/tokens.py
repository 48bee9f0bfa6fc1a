"""Tokens of this API, as tools list, issue and revoke them: none gives more than it has itself."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from activation_server.formats import admin_api
from activation_server.formats.admin_answers.tokens import (
    TokenIssuedAnswer,
    TokenRevokedAnswer,
    TokensAnswer,
)
from activation_server.formats.admin_requests.base import ReasonBody
from activation_server.formats.admin_requests.tokens import TokenBody
from activation_server.rules.api_token import NAME, TokenOrder
from activation_server.rules.permissions import Permission
from activation_server.services import api_tokens
from activation_server.services.context import Context
from activation_server.web.admin.access import Caller, requires
from activation_server.web.admin.answers import described
from activation_server.web.admin.changes import Asked, asks
from activation_server.web.admin.once import Made
from activation_server.web.admin.routes import PREFIX, reading, writing

router = APIRouter(prefix=PREFIX, tags=["tokens"])

Reader = Annotated[Caller, requires(Permission.TOKENS_MANAGE)]
Issuing = Annotated[Asked[TokenBody], asks(Permission.TOKENS_MANAGE, TokenBody)]
Revoking = Annotated[Asked[ReasonBody], asks(Permission.TOKENS_MANAGE, ReasonBody)]
Name = Annotated[str, Path(pattern=f"^{NAME}$")]


@router.get(
    "/tokens",
    operation_id="listTokens",
    summary="List the tokens of this API",
    responses=reading(TokensAnswer),
)
async def list_tokens(caller: Reader) -> Response:
    """What each may do, who made it, until when it lasts, and the day it was used last."""
    now = caller.context.now()
    found = await api_tokens.list_all(caller.context)
    return described(TokensAnswer, {"tokens": [admin_api.api_token(each, now) for each in found]})


@router.post(
    "/tokens",
    operation_id="issueToken",
    summary="Issue a token",
    status_code=201,
    responses=writing(TokenIssuedAnswer, 201),
)
async def issue_token(asked: Issuing) -> Response:
    """It has scopes of the token that gives it alone, but not `tokens:manage`, and ends with it.

    The answer has it, and so has the answer of a retry for 24 hours: keep it secret.
    """
    body = asked.body
    scopes = [Permission(each.value) for each in body.scopes]
    order, giver = TokenOrder(body.name, scopes, body.days), asked.caller.token.name

    async def issue(context: Context) -> Made:
        issued = await api_tokens.issue(context, order, why=body.reason, giver=giver)
        document = admin_api.api_token(issued.token, context.now())
        text = None if asked.dry_run else issued.text
        return Made(TokenIssuedAnswer, {**document, "token": text}, 201)

    return await asked.once(issue)


@router.post(
    "/tokens/{name}/revoke",
    operation_id="revokeToken",
    summary="Revoke a token, and those that it gave",
    responses=writing(TokenRevokedAnswer),
)
async def revoke_token(asked: Revoking, name: Name) -> Response:
    """The next call with it is refused. It can't be taken back."""

    async def revoke(context: Context) -> Made:
        revoked = await api_tokens.revoke(context, name, why=asked.body.reason)
        document = admin_api.api_token(revoked.token, context.now())
        return Made(TokenRevokedAnswer, {**document, "revoked_too": list(revoked.given)})

    return await asked.once(revoke)
