"""API tokens of the vendor's own tools: issued, listed, revoked, and known by what they present."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from activation_server.formats import api_token
from activation_server.rules import api_token as rules
from activation_server.rules.api_token import ApiToken, Standing, TokenOrder
from activation_server.rules.audit import Action
from activation_server.rules.errors import NotFoundError, OperatorError
from activation_server.services import audit
from activation_server.services.context import Context
from activation_server.store import api_tokens as store
from activation_server.store.database import Connection


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token, with its text: it is shown this once, and kept nowhere."""

    token: ApiToken
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Revoked:
    """A token that was revoked, and the names of those that it gave and that went with it."""

    token: ApiToken
    given: Sequence[str] = ()


async def issue(
    context: Context,
    order: TokenOrder,
    *,
    why: str | None = None,
    secret: bytes | None = None,
    giver: str | None = None,
) -> Issued:
    """Make a token. Raises OperatorError, NotGivenError.

    `secret`: what it is to be made of, where whoever orders it knows it already. `giver`: the name
    of the token that gives it, locked until it is given: whoever revokes that one sees this one.
    """
    rules.check(order)
    secret, now = secret or context.randomness.random_bytes(api_token.SECRET_BYTES), context.now()

    async def work(connection: Connection) -> Issued:
        given_by = None if giver is None else await _lock(connection, giver)
        if given_by is not None:
            rules.check_gives_token(given_by, order, now)
        token = rules.made(order, context.actor, now, given_by)
        digest = context.keyring.digester.of_api_token(secret)
        if not await store.add(connection, token, digest):
            msg = (
                f"There is or was a token {token.name!r}, which the audit log names so: give the "
                "new one another name."
            )
            raise OperatorError(msg)
        days = (token.expires_at - now).days
        details = {"scopes": sorted(token.scopes), "days": days}
        action, subject = Action.TOKEN_ISSUED, token.name
        await audit.note(context, connection, action, subject=subject, details=details, why=why)
        return Issued(token, api_token.write(secret))

    return await context.database.transact(work)


async def list_all(context: Context) -> Sequence[ApiToken]:
    """Give all tokens by their names, those that are taken no more too."""
    return await context.database.transact(store.list_all)


async def revoke(context: Context, name: str, *, why: str | None = None) -> Revoked:
    """Let a token be taken no more, at once, nor those that it gave; repeated, nothing changes.

    Raises NotFoundError.
    """
    now = context.now()

    async def work(connection: Connection) -> Revoked:
        token = await _lock(connection, name)
        if token.revoked_at is not None:
            return Revoked(token)
        await store.revoke(connection, name, now)
        given = await store.revoke_made_by(connection, token.actor, now)
        for each in (name, *given):
            details = {} if each == name else {"given_by": name}
            action = Action.TOKEN_REVOKED
            await audit.note(context, connection, action, subject=each, details=details, why=why)
        return Revoked(await _lock(connection, name), given)

    return await context.database.transact(work)


async def _lock(connection: Connection, name: str) -> ApiToken:
    token = await store.lock(connection, name)
    if token is None:
        raise NotFoundError(f"There is no token {name!r}; `token list` shows them all.")
    return token


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
