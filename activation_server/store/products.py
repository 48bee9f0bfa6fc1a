"""Products and their policies: small reference tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Text, cast, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.license import Terms
from activation_server.store import terms as terms_json
from activation_server.store.tables import licenses, policies, products


@dataclass(frozen=True, slots=True)
class Product:
    """A product that licenses are sold for; `algorithm` is the `alg` of its certificates."""

    code: str
    name: str
    algorithm: str


@dataclass(frozen=True, slots=True)
class PolicyUse:
    """How many licenses a policy has, up to a limit; `own` of them set certain terms themselves."""

    licenses: int
    own: int


async def add_product(connection: AsyncConnection, product: Product, now: datetime) -> bool:
    """Add a product; false when there is one of that code."""
    added = await connection.execute(
        insert(products)
        .values(code=product.code, name=product.name, algorithm=product.algorithm, created_at=now)
        .on_conflict_do_nothing()
    )
    return added.rowcount == 1


_ALL: Final = select(products.c.code, products.c.name, products.c.algorithm).order_by(
    products.c.code
)


async def all_products(connection: AsyncConnection) -> Sequence[Product]:
    """Give all products by code."""
    rows = await connection.execute(_ALL)
    return [Product(*row) for row in rows]


async def get_product(
    connection: AsyncConnection, code: str, *, lock: bool = False
) -> Product | None:
    """Give one product; locked for a change of its policies with `lock`."""
    question = select(products.c.code, products.c.name, products.c.algorithm).where(
        products.c.code == code
    )
    found = await connection.execute(question.with_for_update(key_share=True) if lock else question)
    row = found.one_or_none()
    return row and Product(*row)


async def rename_product(connection: AsyncConnection, code: str, name: str) -> None:
    """Give a product another name."""
    await connection.execute(update(products).where(products.c.code == code).values(name=name))


async def add_policy(
    connection: AsyncConnection, product: str, name: str, terms: Terms, now: datetime
) -> bool:
    """Add a policy; false when the product has one of that name."""
    added = await connection.execute(
        insert(policies)
        .values(product=product, name=name, terms=terms_json.to_json(terms), created_at=now)
        .on_conflict_do_nothing()
    )
    return added.rowcount == 1


async def set_policy(connection: AsyncConnection, product: str, name: str, terms: Terms) -> None:
    """Replace the terms of a policy."""
    await connection.execute(
        policies.update()
        .where(policies.c.product == product, policies.c.name == name)
        .values(terms=terms_json.to_json(terms))
    )


async def get_policy(
    connection: AsyncConnection, product: str, name: str, *, lock: bool = False
) -> Terms | None:
    """Give the terms of a policy; locked for a change with `lock`."""
    question = select(policies.c.terms).where(
        policies.c.product == product, policies.c.name == name
    )
    found = await connection.execute(question.with_for_update(key_share=True) if lock else question)
    terms = found.scalar_one_or_none()
    return None if terms is None else terms_json.from_json(terms)


async def trial_policy(connection: AsyncConnection, product: str) -> tuple[str, Terms] | None:
    """Give the policy that a product's trials get, with its name."""
    columns = policies.c
    row = (
        await connection.execute(
            select(columns.name, columns.terms)
            .where(columns.product == product, columns.terms["trial_days"].astext.is_not(None))
            .order_by(columns.created_at, columns.name)
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else (row.name, terms_json.from_json(row.terms))


async def policies_of(connection: AsyncConnection, product: str) -> Mapping[str, Terms]:
    """Give a product's policies by their names, in order."""
    rows = await connection.execute(
        select(policies.c.name, policies.c.terms)
        .where(policies.c.product == product)
        .order_by(policies.c.name)
    )
    return {name: terms_json.from_json(terms) for name, terms in rows}


async def policy_names(connection: AsyncConnection, product: str) -> Sequence[str]:
    """Give the names of a product's policies."""
    rows = await connection.execute(
        select(policies.c.name).where(policies.c.product == product).order_by(policies.c.name)
    )
    return rows.scalars().all()


async def use_of_policy(
    connection: AsyncConnection, product: str, policy: str, terms: Sequence[str], most: int
) -> PolicyUse:
    """Count a policy's licenses up to `most`, and those of them that set one of these terms."""
    some = (
        select(licenses.c.overrides)
        .where(licenses.c.product == product, licenses.c.policy == policy)
        .limit(most)
        .subquery()
    )
    own = some.c.overrides.has_any(cast(list(terms), ARRAY(Text)))
    row = (
        await connection.execute(select(func.count(), func.count().filter(own)).select_from(some))
    ).one()
    return PolicyUse(*row)
