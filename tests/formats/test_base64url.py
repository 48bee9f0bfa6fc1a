import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server import base64url


@given(st.binary(max_size=80))
def test_bytes_come_back(data: bytes):
    assert base64url.decode(base64url.encode(data)) == data


@pytest.mark.parametrize("text", ["QQ==", "QR", "Q", "Q+", "Q/", "Q Q", "é", "QQ\n"])
def test_every_other_spelling_is_refused(text: str):
    with pytest.raises(ValueError, match=r".*"):
        base64url.decode(text)
