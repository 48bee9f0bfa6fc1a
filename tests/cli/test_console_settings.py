"""What is set for the console is what a server goes by."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from activation_server import bootstrap
from activation_server.gateways.openid_provider import OpenIDProvider
from activation_server.rules.errors import OperatorError
from activation_server.rules.single_sign_on import SignOnRules
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


def test_an_identity_provider_is_what_is_set(world: World, commands: Commands, tmp_path: Path):
    secret = tmp_path / "secret"
    chosen = Settings(
        database_url=SecretStr(world.url),
        master_key_file=world.master_key_file,
        erasure_ledger=world.ledger,
        oidc_issuer="https://login.example.com/realms/staff",
        oidc_client_id="console",
        oidc_client_secret_file=secret,
        oidc_name="Contoso",
        oidc_amr="mfa, hwk",
        oidc_acr="gold",
        oidc_required=True,
    )
    assert commands.environment

    async def work() -> None:
        async with bootstrap.open_context(chosen, world.url) as context:
            assert context.sign_on is not None
            assert context.sign_on.rules == SignOnRules(
                "Contoso",
                methods=frozenset({"mfa", "hwk"}),
                levels=frozenset({"gold"}),
                required=True,
            )
            assert isinstance(await context.sign_on.provider(), OpenIDProvider)

    with pytest.raises(OperatorError, match="CLIENT_SECRET_FILE"):
        asyncio.run(work())
    secret.write_text("shown once\n")
    asyncio.run(work())
    assert Settings().oidc_issuer is None


@pytest.mark.parametrize(
    "given",
    [
        {"oidc_issuer": "http://login.example.com", "oidc_client_id": "x"},
        {"oidc_issuer": "https://", "oidc_client_id": "x"},
        {"oidc_issuer": "https://login.example.com"},
        {"oidc_issuer": "https://login.example.com", "oidc_client_id": "x"},
        {
            "oidc_issuer": "https://login.example.com",
            "oidc_client_id": "x",
            "oidc_client_secret": "x",
            "oidc_client_secret_file": "/x",
        },
    ],
)
def test_a_provider_that_is_set_by_half_is_refused(given: dict[str, Any]):
    with pytest.raises(ValidationError, match="oidc"):
        Settings(**given)


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
