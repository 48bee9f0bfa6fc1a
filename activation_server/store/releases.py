"""Products' lists of releases."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.releases import Releases
from activation_server.store.tables import releases

_R = releases.c


async def put(connection: AsyncConnection, product: str, version: str, released: date) -> None:
    """Write the day of a version, in place of the one it had."""
    new = insert(releases).values(product=product, version=version, released=released)
    await connection.execute(
        new.on_conflict_do_update(
            index_elements=[_R.product, _R.version], set_={"released": released}
        )
    )


async def of_versions(
    connection: AsyncConnection, product: str, versions: Sequence[str]
) -> Releases:
    """Give those of these versions that are listed, by the primary key."""
    rows = await connection.execute(
        select(_R.version, _R.released).where(_R.product == product, _R.version.in_(versions))
    )
    return {row.version: row.released for row in rows}


async def of_product(connection: AsyncConnection, product: str) -> Releases:
    """Give a product's whole list, in no order."""
    rows = await connection.execute(select(_R.version, _R.released).where(_R.product == product))
    return {row.version: row.released for row in rows}


async def remove(connection: AsyncConnection, product: str, version: str) -> None:
    """Take a version off the list."""
    await connection.execute(delete(releases).where(_R.product == product, _R.version == version))
