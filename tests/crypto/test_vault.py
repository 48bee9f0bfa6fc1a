"""A key for each person and license; tokens that tell little."""

from collections import Counter
from itertools import product
from string import ascii_lowercase, digits
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.crypto.mac import Mac
from activation_server.crypto.master_keys import MasterKeys
from activation_server.crypto.sealed import SealBrokenError
from activation_server.crypto.vault import (
    BITS,
    Vault,
    computer_place,
    drawer_of,
    key_place,
    person_place,
)
from activation_server.rules.person import Indexed
from tests.conftest import Chance

LICENSE, OTHER = UUID(int=1), UUID(int=2)
ids = st.uuids()


def make_vault(index_key: bytes = b"index") -> Vault:
    return Vault(MasterKeys.of([bytes(range(32))], Chance()), Mac(index_key))


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
    assert vault.texts(home, wrapped, [column, "name"], [sealed, None]) == [text, ""]
    with pytest.raises(SealBrokenError):
        vault.texts(home, wrapped, ["role"], [sealed])
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
    another = Vault(MasterKeys.of([bytes(32)], Chance()), Mac(b"index"))
    with pytest.raises(SealBrokenError):
        another.unwrapped(wrapped, key_place(LICENSE, OTHER))


@pytest.mark.parametrize("kind", list(Indexed))
def test_a_token_has_the_bits_that_its_field_is_given(kind: Indexed):
    """Many texts share each: of so many, about as many tokens are met as there are."""
    vault, count = make_vault(), 1 << BITS[kind]
    some = ["".join(part) for part in product(ascii_lowercase + digits, repeat=3)]
    tokens = Counter(vault.token(kind, part, 7) for part in some)
    assert len(tokens) <= count
    assert len({token >> 27 for token in tokens}) == 1
    assert {token >> 22 & 31 for token in tokens} == {7}
    if count <= 1 << 14:
        assert len(tokens) > 0.9 * count
        assert max(tokens.values()) < 2 * len(some) / count + 12  # even


def test_each_letter_tells_two_bits_more_and_nothing_else():
    vault, letters = make_vault(), "abcdefghijklmnopqrstuvwxyz"
    of_three = vault.token(Indexed.WORD, "ana", 3) & 0x3FFFFF
    of_four = {vault.token(Indexed.WORD, "ana" + letter, 3) & 0x3FFFFF for letter in letters}
    assert of_four == {of_three << 2 | more for more in range(4)}


def test_an_address_begins_with_the_bits_of_its_domain():
    vault = make_vault()
    address, domain = vault.token(Indexed.EMAIL, "ana@firm"), vault.token(Indexed.DOMAIN, "firm")
    assert (address & 0x3FFFFF) >> 12 == domain & 0x3FFFFF


def test_a_character_of_a_script_without_spaces_has_fewer_bits():
    vault = make_vault()
    tokens = {vault.token(Indexed.WORD, chr(0x4E00 + number)) for number in range(2000)}
    assert len(tokens) == 128


def test_other_keys_drawers_and_fields_have_tokens_of_their_own():
    vault, other = make_vault(), make_vault(b"another")
    words = [(Indexed.WORD, f"word{number}") for number in range(50)]
    one = vault.tokens(words, 1)
    assert one == vault.tokens(words, 1)
    assert one != other.tokens(words, 1)
    assert not {token & 0x3FFFFF for token in one} <= {
        token & 0x3FFFFF for token in vault.tokens(words, 2)
    }
    assert len({vault.token(kind, "ana") >> 27 for kind in Indexed}) == len(Indexed)


@given(ids)
def test_the_tokens_of_parts_together_are_those_of_each(license_id: UUID):
    vault, drawer = make_vault(), drawer_of(license_id)
    parts = [(Indexed.WORD, "popes"), (Indexed.WORD, "pope"), (Indexed.EMAIL, "a@b")]
    assert vault.tokens(parts, drawer) == sorted(vault.token(*part, drawer) for part in parts)
