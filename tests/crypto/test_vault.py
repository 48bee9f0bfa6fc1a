"""A key for each person and license; tokens that tell little."""

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.crypto.master_keys import MasterKeys
from activation_server.crypto.sealed import SealBrokenError
from activation_server.crypto.vault import BITS, Vault, computer_place, key_place, person_place
from activation_server.rules.person import Indexed
from tests.conftest import Chance

LICENSE, OTHER = UUID(int=1), UUID(int=2)
ids = st.uuids()


def make_vault(index_key: bytes = b"index") -> Vault:
    return Vault(MasterKeys.of([bytes(range(32))], Chance()), index_key)


@given(st.text(), ids, ids, st.sampled_from(["name", "company", "email"]))
def test_what_goes_in_comes_out_in_its_own_place_alone(
    text: str, license_id: UUID, person_id: UUID, column: str
):
    vault, home = make_vault(), key_place(license_id, person_id)
    wrapped = vault.new_wrapped_key(home)
    key = vault.unwrapped(wrapped, home)
    sealed = key.seal(text.encode(), person_place(column, license_id, person_id))
    again = vault.unwrapped(wrapped, home)
    assert again.open(sealed, person_place(column, license_id, person_id)).decode() == text
    elsewhere = [
        person_place(column, person_id, license_id),
        person_place("other", license_id, person_id),
        computer_place(column, license_id, person_id),
    ]
    for place in elsewhere[0 if license_id != person_id else 1 :]:
        with pytest.raises(SealBrokenError):
            again.open(sealed, place)


def test_a_key_opens_in_its_own_row_and_under_its_master_key_alone():
    vault = make_vault()
    wrapped = vault.new_wrapped_key(key_place(LICENSE, OTHER))
    with pytest.raises(SealBrokenError):
        vault.unwrapped(wrapped, key_place(OTHER, LICENSE))
    another = Vault(MasterKeys.of([bytes(32)], Chance()), b"index")
    with pytest.raises(SealBrokenError):
        another.unwrapped(wrapped, key_place(LICENSE, OTHER))


@pytest.mark.parametrize("kind", list(Indexed))
def test_a_token_has_the_bits_that_its_field_is_given(kind: Indexed):
    """Many texts share each: of so many, about as many tokens are met as there are."""
    vault, count = make_vault(), 1 << BITS[kind]
    tokens = Counter(vault.token(kind, f"text {number}") for number in range(8 * min(count, 4096)))
    assert len(tokens) <= count
    assert len({token >> 24 for token in tokens}) == 1
    if count <= 4096:
        assert len(tokens) > 0.99 * count
        assert max(tokens.values()) < 30  # 8 on average: even


def test_a_character_of_a_script_without_spaces_has_fewer_bits():
    vault = make_vault()
    tokens = {vault.token(Indexed.NAME, chr(0x4E00 + number)) for number in range(2000)}
    assert len(tokens) == 64


def test_other_keys_give_other_tokens_and_fields_have_their_own():
    one, other = make_vault(), make_vault(b"another")
    words = [f"word {number}" for number in range(50)]
    assert one.tokens((Indexed.NAME, word) for word in words) != other.tokens(
        (Indexed.NAME, word) for word in words
    )
    assert one.token(Indexed.NAME, "ana") >> 24 != one.token(Indexed.COMPANY, "ana") >> 24
