from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from activation_server import base64url
from activation_server.crypto.mac import Mac
from activation_server.crypto.tokens import MAX_SEQ, Presented, TokenKey

KEY = TokenKey(Mac(bytes(range(32))))
LICENSE, ACTIVATION = UUID(int=1), UUID(int=2)


@given(st.uuids(), st.uuids(), st.integers(1, MAX_SEQ))
def test_a_token_says_what_it_was_made_for(license_id: UUID, activation_id: UUID, seq: int):
    token = KEY.make(license_id, activation_id, seq)
    assert KEY.check(token, activation_id) == Presented(license_id, seq)


@given(st.integers(0, 37), st.integers(1, 255))
def test_any_changed_byte_is_refused(place: int, change: int):
    raw = bytearray(base64url.decode(KEY.make(LICENSE, ACTIVATION, 7)))
    raw[place] ^= change
    assert KEY.check(base64url.encode(bytes(raw)), ACTIVATION) is None


def test_a_token_of_another_activation_or_server_is_refused():
    token = KEY.make(LICENSE, ACTIVATION, 7)
    assert KEY.check(token, UUID(int=3)) is None
    assert TokenKey(Mac(bytes(32))).check(token, ACTIVATION) is None


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text: str):
    assert KEY.check(text, ACTIVATION) is None


def test_the_key_does_not_show():
    assert "\\x" not in repr(KEY)
    assert repr(KEY) == "TokenKey()"
