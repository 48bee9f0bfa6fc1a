import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.crypto.sealed import Place, SealBrokenError, SealingKey
from tests.conftest import Chance

PLACE = Place("licenses", "key_sealed", "1")


def key(byte: int = 1) -> SealingKey:
    return SealingKey(bytes([byte]) * 32, Chance())


@given(st.binary(max_size=300))
def test_what_goes_in_comes_out(plain: bytes):
    sealed = key().seal(plain, PLACE)
    assert key().open(sealed, PLACE) == plain
    assert len(plain) < 4 or plain not in sealed


@pytest.mark.parametrize(
    "place",
    [
        Place("licenses", "key_sealed", "2"),
        Place("licenses", "other", "1"),
        Place("other", "key_sealed", "1"),
    ],
)
def test_moved_to_another_place_it_does_not_open(place: Place):
    with pytest.raises(SealBrokenError):
        key().open(key().seal(b"secret", PLACE), place)


@given(st.integers(0, 12 + 6 + 16 - 1), st.integers(1, 255))
def test_a_changed_byte_does_not_open(at: int, change: int):
    sealed = bytearray(key().seal(b"secret", PLACE))
    sealed[at] ^= change
    with pytest.raises(SealBrokenError):
        key().open(bytes(sealed), PLACE)


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(12)])
def test_what_is_no_sealed_value_does_not_open(sealed: bytes):
    with pytest.raises(SealBrokenError):
        key().open(sealed, PLACE)


def test_another_key_does_not_open_and_the_error_is_silent():
    with pytest.raises(SealBrokenError) as caught:
        key(2).open(key().seal(b"secret", PLACE), PLACE)
    assert str(caught.value) == (
        "the sealed value in licenses.key_sealed does not open with this key"
    )
