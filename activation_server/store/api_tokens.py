"""API tokens at rest: as digests, with their scopes."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.api_token import ApiToken, actor_of, name_in
from activation_server.rules.permissions import Permission
from activation_server.store.tables import api_tokens

_T = api_tokens.c
_TOKEN = [_T[name] for name in ApiToken.__slots__]


async def add(connection: AsyncConnection, token: ApiToken, digest: bytes) -> bool:
    """Add a token; false when there is or was one of that name."""
    added = await connection.execute(
        insert(api_tokens)
        .values(
            name=token.name,
            digest=digest,
            scopes=sorted(token.scopes),
            made_by=token.made_by,
            made_at=token.made_at,
            expires_at=token.expires_at,
        )
        .on_conflict_do_nothing(index_elements=[_T.name])
    )
    return added.rowcount == 1


async def by_digest(connection: AsyncConnection, digest: bytes) -> ApiToken | None:
    """Give the token of a digest."""
    row = (await connection.execute(select(*_TOKEN).where(_T.digest == digest))).one_or_none()
    return None if row is None else _token(row)


async def lock(connection: AsyncConnection, name: str) -> ApiToken | None:
    """Give a token by its name, locked for a change."""
    question = select(*_TOKEN).where(_T.name == name).with_for_update()
    row = (await connection.execute(question)).one_or_none()
    return None if row is None else _token(row)


async def list_all(connection: AsyncConnection) -> Sequence[ApiToken]:
    """Give all tokens by their names."""
    rows = await connection.execute(select(*_TOKEN).order_by(_T.name))
    return [_token(row) for row in rows]


async def revoke(connection: AsyncConnection, name: str, at: datetime) -> None:
    """Write that a token is taken no more."""
    await connection.execute(update(api_tokens).where(_T.name == name).values(revoked_at=at))


async def revoke_made_by(connection: AsyncConnection, made_by: str, at: datetime) -> Sequence[str]:
    """Write that tokens somebody made are taken no more; give the names of those that were."""
    mine = (_T.made_by == made_by) & _T.revoked_at.is_(None) & (_T.expires_at > at)
    revoking = update(api_tokens).where(mine).values(revoked_at=at).returning(_T.name)
    return sorted((await connection.execute(revoking)).scalars())


async def family(connection: AsyncConnection, name: str) -> Sequence[str]:
    """Give the names of a token, of the one that gave it, and of all that this one gave."""
    made_by = await connection.scalar(select(_T.made_by).where(_T.name == name))
    first = name_in(made_by or "") or name
    together = (_T.name == first) | (_T.made_by == actor_of(first))
    return list((await connection.execute(select(_T.name).where(together))).scalars())


async def used(connection: AsyncConnection, name: str, on: date) -> None:
    """Write the day on which a token was used last."""
    await connection.execute(update(api_tokens).where(_T.name == name).values(last_used=on))


def _token(row: Row[*tuple[Any, ...]]) -> ApiToken:
    """Read a token; a scope that there is no more is left out."""
    known = frozenset(Permission) & frozenset(row.scopes)
    scopes = frozenset(Permission(scope) for scope in known)
    return ApiToken(**{**row._asdict(), "scopes": scopes})
