"""API tokens of the vendor's own tools: issued, listed, revoked, and known by what they present."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from activation_server.formats import api_token
from activation_server.rules import api_token as rules
from activation_server.rules.api_token import ApiToken, Standing, TokenOrder
from activation_server.rules.audit import Action
from activation_server.rules.errors import OperatorError
from activation_server.services import audit
from activation_server.services.context import Context
from activation_server.store import api_tokens as store
from activation_server.store.database import Connection


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token, with its text: it is shown this once, and kept nowhere."""

    token: ApiToken
    text: str = field(repr=False)


async def issue(
    context: Context, order: TokenOrder, *, why: str | None = None, secret: bytes | None = None
) -> Issued:
    """Make a token. Raises OperatorError.

    `secret`: what it is to be made of, where whoever orders it knows it already.
    """
    rules.check(order)
    secret = secret or context.randomness.random_bytes(api_token.SECRET_BYTES)
    token = rules.made(order, context.actor, context.now())

    async def work(connection: Connection) -> Issued:
        digest = context.keyring.digester.of_api_token(secret)
        if not await store.add(connection, token, digest):
            msg = (
                f"There is or was a token {token.name!r}, which the audit log names so: give the "
                "new one another name."
            )
            raise OperatorError(msg)
        details = {"scopes": sorted(token.scopes), "days": order.days}
        action, subject = Action.TOKEN_ISSUED, token.name
        await audit.note(context, connection, action, subject=subject, details=details, why=why)
        return Issued(token, api_token.write(secret))

    return await context.database.transact(work)


async def list_all(context: Context) -> Sequence[ApiToken]:
    """Give all tokens by their names, those that are taken no more too."""
    return await context.database.transact(store.list_all)


async def revoke(context: Context, name: str, *, why: str | None = None) -> ApiToken:
    """Let a token be taken no more, at once; repeated, nothing changes. Raises OperatorError."""
    now = context.now()

    async def work(connection: Connection) -> ApiToken:
        token = await store.lock(connection, name)
        if token is None:
            raise OperatorError(f"There is no token {name!r}; `token list` shows them all.")
        if token.revoked_at is not None:
            return token
        await store.revoke(connection, name, now)
        await audit.note(context, connection, Action.TOKEN_REVOKED, subject=name, why=why)
        return await store.lock(connection, name) or token

    return await context.database.transact(work)


async def presented(context: Context, text: str) -> ApiToken | None:
    """Give the token that a tool presents, whatever its standing; `None` when there is none.

    What is mistyped is told without the database. The day of its use is written once a day.
    """
    secret, now = api_token.read(text), context.now()
    if secret is None:
        return None

    async def work(connection: Connection) -> ApiToken | None:
        token = await store.by_digest(connection, context.keyring.digester.of_api_token(secret))
        if token is None or token.standing(now) is not Standing.VALID:
            return token
        if token.last_used is None or token.last_used < now.date():
            await store.used(connection, token.name, now.date())
        return token

    return await context.database.transact(work)
