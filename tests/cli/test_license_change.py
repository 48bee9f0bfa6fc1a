"""What is given to `license set` is seen to before anything is touched."""

import pytest
from typer.testing import CliRunner

from activation_server.cli.app import app


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "give a term to set"),
        (("--reset", "color"), "takes a term's name: seats"),
        (("--reset", "--seats"), "takes a term's name: seats"),
        (("--reset", "max-version", "--max-version", "9"), "not both"),
        (("--expires", "soon"), "is no date"),
        (("--seats", "0"), "whole number from 1"),
    ],
)
def test_wrong_use_is_told(arguments: tuple[str, ...], told: str):
    command = ["license", "set", "A-KEY", "--reason", "a test", *arguments]
    done = CliRunner().invoke(app, command, env={"COLUMNS": "300"})
    assert done.exit_code == 2
    assert told in done.output
