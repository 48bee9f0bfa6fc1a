import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.formats import api_token

TOKEN = api_token.write(bytes(range(32)))


@given(st.binary(min_size=32, max_size=32))
def test_what_is_written_is_read(secret: bytes):
    text = api_token.write(secret)
    assert api_token.read(text) == secret
    assert re.fullmatch(api_token.PATTERN, text)
    assert len(text) == 53


@given(st.integers(4, 52), st.characters(codec="ascii"))
def test_a_wrong_character_is_found(place: int, character: str):
    typed = TOKEN[:place] + character + TOKEN[place + 1 :]
    assert (api_token.read(typed) is None) is (typed != TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "act_",
        TOKEN[:-1],
        TOKEN + "0",
        TOKEN.replace("act_", "ACT_"),
        TOKEN.removeprefix("act_"),
        f" {TOKEN}",
        "act_" + "ü" * 49,
        "act_" + "z" * 49,
    ],
)
def test_what_is_no_token_is_not_read(text: str):
    assert api_token.read(text) is None


def test_no_two_texts_are_one_token():
    """Of more than 256 bits none is read, though its check is right."""
    body = "act_" + "z" * 43
    assert api_token.read(body + api_token._check(body)) is None
