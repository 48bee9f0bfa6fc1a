import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.crypto.mac import MAC_BYTES, Mac


@given(st.binary(max_size=64), st.lists(st.binary(max_size=200), max_size=5))
def test_each_message_has_the_hmac_of_the_standard_library(key: bytes, messages: list[bytes]):
    mac = Mac(key)
    for message in messages:
        assert mac.of(message) == hmac.digest(key, message, hashlib.sha256)[:MAC_BYTES]


def test_a_key_that_would_have_to_be_hashed_first_is_none():
    with pytest.raises(ValueError, match="at most 64"):
        Mac(bytes(65))


def test_the_key_does_not_show():
    assert repr(Mac(b"key")) == "Mac()"
