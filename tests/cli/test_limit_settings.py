"""Limits are set by the environment, and lifted by 0 or `none`."""

import pytest
from pydantic import ValidationError

from activation_server.settings import Settings

NAMES = (
    "most_in_flight",
    "network_check_ins",
    "network_activations",
    "network_wrong_keys",
    "license_check_ins",
    "license_activations",
    "network_sign_ins",
    "name_sign_ins",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("said", "meant"), [("0", None), ("none", None), ("None", None), ("1", 1), ("70000", 70_000)]
)
def test_a_limit(monkeypatch: pytest.MonkeyPatch, name: str, said: str, meant: int | None) -> None:
    monkeypatch.setenv(f"ACTIVATION_{name.upper()}", said)
    assert getattr(Settings(), name) == meant


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("said", ["-1", "many", "1.5", ""])
def test_what_is_no_limit(monkeypatch: pytest.MonkeyPatch, name: str, said: str) -> None:
    monkeypatch.setenv(f"ACTIVATION_{name.upper()}", said)
    with pytest.raises(ValidationError):
        Settings()
