import asyncio
import contextlib

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.errors import UnavailableError
from activation_server.store.database import ATTEMPTS, Database, create_engine


async def _backend(connection: AsyncConnection) -> int:
    return int(await connection.scalar(text("SELECT pg_backend_pid()")) or 0)


def test_a_unit_of_work_whose_connection_is_killed_is_run_again(database_url: str):
    async def run() -> list[int]:
        database, killer = Database(create_engine(database_url)), create_engine(database_url)
        seen: list[int] = []

        async def work(connection: AsyncConnection) -> None:
            seen.append(await _backend(connection))
            if len(seen) == 1:
                async with killer.begin() as other:
                    await other.execute(text(f"SELECT pg_terminate_backend({seen[0]})"))
            await connection.execute(text("SELECT 1"))

        await database.transact(work)
        await database.dispose()
        await killer.dispose()
        return seen

    first, second = asyncio.run(run())
    assert first != second


def test_a_deadlock_is_run_again(database_url: str):
    async def run() -> int:
        database = Database(create_engine(database_url))
        runs = 0
        both = asyncio.Barrier(2)

        async def setup(connection: AsyncConnection) -> None:
            await connection.execute(text("CREATE TABLE pair (id int PRIMARY KEY, n int)"))
            await connection.execute(text("INSERT INTO pair VALUES (1, 0), (2, 0)"))

        def update(first: int, second: int):
            async def work(connection: AsyncConnection) -> None:
                nonlocal runs
                runs += 1
                await connection.execute(text(f"UPDATE pair SET n = n + 1 WHERE id = {first}"))
                if runs <= 2:
                    await both.wait()
                await connection.execute(text(f"UPDATE pair SET n = n + 1 WHERE id = {second}"))

            return work

        async def total(connection: AsyncConnection) -> int:
            return int(await connection.scalar(text("SELECT sum(n) FROM pair")) or 0)

        await database.transact(setup)
        await asyncio.gather(database.transact(update(1, 2)), database.transact(update(2, 1)))
        counted = await database.transact(total)
        await database.dispose()
        assert runs >= 3  # one of the two, at least once more
        return counted

    assert asyncio.run(run()) == 4


def test_nothing_stays_of_work_that_failed(database_url: str):
    async def run() -> int:
        database = Database(create_engine(database_url))

        async def fails(connection: AsyncConnection) -> None:
            await connection.execute(text("INSERT INTO products VALUES ('p', 'P', 'EdDSA', now())"))
            raise KeyError

        with contextlib.suppress(KeyError):
            await database.transact(fails)

        async def count(connection: AsyncConnection) -> int:
            return int(await connection.scalar(text("SELECT count(*) FROM products")) or 0)

        counted = await database.transact(count)
        await database.dispose()
        return counted

    assert asyncio.run(run()) == 0


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://postgres@/x?host=/nowhere",
        "postgresql+asyncpg://postgres@127.0.0.1:1/x",
    ],
)
def test_a_database_that_is_away_is_told_so(url: str):
    async def run() -> None:
        database = Database(create_engine(url))
        await database.transact(_backend)

    with pytest.raises(UnavailableError):
        asyncio.run(run())


def test_an_error_tells_no_parameters(database_url: str):
    async def run() -> None:
        database = Database(create_engine(database_url))
        try:

            async def work(connection: AsyncConnection) -> None:
                await connection.execute(text("SELECT :value FROM nowhere"), {"value": "secret"})

            await database.transact(work)
        finally:
            await database.dispose()

    with pytest.raises(ProgrammingError) as caught:
        asyncio.run(run())
    assert "secret" not in str(caught.value)
    assert ATTEMPTS == 3
