"""What is set for the console is what a server goes by."""

import asyncio
from datetime import timedelta

import pytest
from pydantic import SecretStr, ValidationError

from activation_server import bootstrap
from activation_server.rules.staff import SessionTimes
from activation_server.settings import Settings
from tests.cli.conftest import Commands
from tests.conftest import World


def test_a_server_goes_by_its_settings(world: World, commands: Commands):
    chosen = Settings(
        database_url=SecretStr(world.url),
        master_key_file=world.master_key_file,
        erasure_ledger=world.ledger,
        console_idle_minutes=5,
        console_session_hours=2,
        console_fresh_minutes=1,
        network_sign_ins=3,
        name_sign_ins=2,
    )
    assert commands.environment

    async def work() -> None:
        async with bootstrap.open_context(chosen, world.url) as context:
            assert context.session_times == SessionTimes(
                timedelta(minutes=5), timedelta(hours=2), timedelta(minutes=1)
            )
            limits = context.sign_in_limits
            assert [limits.attempt("here", "ana") > 0 for _ in range(3)] == [False, False, True]
            assert [limits.attempt("here", "ben") > 0 for _ in range(2)] == [False, True]
            assert [limits.attempt_of("browser") > 0 for _ in range(3)] == [False, False, True]

    asyncio.run(work())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("console_idle_minutes", "0"),
        ("console_session_hours", "25"),
        ("console_fresh_minutes", "none"),
    ],
)
def test_what_is_no_time(monkeypatch: pytest.MonkeyPatch, name: str, said: str):
    monkeypatch.setenv(f"ACTIVATION_{name.upper()}", said)
    with pytest.raises(ValidationError):
        Settings()
