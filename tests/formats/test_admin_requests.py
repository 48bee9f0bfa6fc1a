"""What tools send: terms within the limits of the commands' options."""

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from activation_server.cli.terms import NAMES, OPTIONS, taking_terms
from activation_server.formats.admin_requests import REQUESTS
from activation_server.formats.admin_requests.base import decode
from activation_server.formats.admin_requests.terms import TermsBody
from activation_server.formats.client_api import RequestInvalidError

NUMBERS = (0, 1, 8760, 8761, 36_500, 36_501, 366 * 24 * 60, 366 * 24 * 60 + 1, 1200, 1201)
TEXTS = ("issue", "activation", "1.25", "3", "flag", "refuse", "allow", "unlimited", "9.2", "x")


def by_command(name: str, value: str) -> object:
    """What a command makes of an option; `...` when it refuses it."""
    taken: dict[str, Any] = {}
    app = typer.Typer()

    @app.command()
    @taking_terms
    def command(*, terms: dict[str, object]) -> None:
        taken.update(terms)

    option = {each: written for written, each in NAMES.items()}[name]
    done = CliRunner().invoke(app, [f"--{option}", value])
    return taken.get(name, ...) if done.exit_code == 0 else ...


def by_body(name: str, value: object) -> object:
    """What a body makes of a term; `...` when it refuses it."""
    try:
        return decode(TermsBody, _json({name: value})).given().get(name, ...)
    except RequestInvalidError:
        return ...


def _json(document: object) -> bytes:
    return json.dumps(document).encode()


def test_the_examples_are_taken():
    shown = [
        (body, example)
        for body in REQUESTS
        for example in body.model_json_schema().get("examples", [])
    ]
    assert len(shown) == 18
    for body, example in shown:
        decode(body, json.dumps(example).encode())


def test_every_term_can_be_given():
    assert set(TermsBody.model_fields) == set(OPTIONS)
    assert TermsBody().given() == {}


@pytest.mark.parametrize("name", sorted(set(OPTIONS) - {"features", "one_license_per_computer"}))
def test_a_term_has_the_limits_of_its_option(name: str):
    described = TermsBody.model_json_schema()["properties"][name]
    is_number = "integer" in str(described)
    for value in NUMBERS if is_number else TEXTS:
        assert by_body(name, value) == by_command(name, str(value)), value
    nothing = {by_command(name, word) for word in ("none", "unlimited", "any")}
    assert (by_body(name, None) is None) == (None in nothing)


def test_features_and_yes_or_no():
    assert by_body("features", ["a", "b"]) == ("a", "b")
    assert by_body("features", None) is by_body("features", [""]) is ...
    assert by_body("one_license_per_computer", True) is True
    assert by_body("one_license_per_computer", "yes") is ...
