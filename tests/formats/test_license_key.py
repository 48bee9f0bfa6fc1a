import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.formats import license_key
from activation_server.formats.license_key import ALPHABET, lookup_forms, make, parse, tail

keys = st.integers(0, 2**115 - 1).map(make)


@given(keys)
def test_a_key_reads_as_itself(key: str):
    assert parse(key) == key
    assert len(key) == 29
    assert set(key) <= set(ALPHABET + "-")


@given(keys, st.randoms(use_true_random=False))
def test_typing_is_forgiven(key: str, chance: random.Random):
    typed = "".join(
        chance.choice((character, character.lower(), " " + character, character + "\u2013"))
        for character in key.replace("-", "")
    )
    typed = typed.replace("0", chance.choice("0Oo")).replace("1", chance.choice("1IlL"))
    assert parse(typed) == key
    assert lookup_forms(typed) == lookup_forms(key)


def test_any_one_wrong_character_and_any_swap_is_found():
    key = make(random.Random(7).getrandbits(115)).replace("-", "")
    for place in range(25):
        for other in set(ALPHABET) - {key[place]}:
            assert parse(key[:place] + other + key[place + 1 :]) is None
    for left in range(25):
        for right in range(left + 1, 25):
            swapped = list(key)
            swapped[left], swapped[right] = swapped[right], swapped[left]
            assert (parse("".join(swapped)) is None) is (key[left] != key[right])


@given(keys, st.integers(0, 24), st.integers(0, 24), st.sampled_from(ALPHABET), st.data())
def test_any_two_wrong_characters_are_found(
    key: str, first: int, second: int, one: str, data: st.DataObject
):
    plain = list(key.replace("-", ""))
    another = data.draw(st.sampled_from(ALPHABET))
    plain[first], plain[second] = one, another
    typed = "".join(plain)
    assert (parse(typed) is None) is (typed != key.replace("-", ""))


@pytest.mark.parametrize("text", ["", "ABC", "U" * 25, "7K3QM-" * 5, "é" * 25, "key\x00"])
def test_what_is_no_key_is_told(text: str):
    assert parse(text) is None


@given(st.text(max_size=60))
def test_any_text_has_two_forms_to_look_it_up_by(text: str):
    forms = lookup_forms(text)
    assert lookup_forms(text) == forms
    assert lookup_forms(f"  {text}  ") == forms or text.strip() != text


def test_another_systems_key_keeps_its_form():
    forms = lookup_forms(" Abc-123 O0 ")
    assert forms.exact == "Abc-123 O0"
    assert forms.folded == "abc123o0"
    assert lookup_forms("ABC123o0").folded == forms.folded
    assert lookup_forms("ABC12300").folded != forms.folded


def test_bits_beyond_the_key_are_refused():
    with pytest.raises(ValueError, match="115"):
        make(2**115)


def test_the_tail_is_what_stands_last():
    assert tail("7K3QM-00000-00000-00000-AB12c") == "AB12C"
    assert license_key.tail("abc") == "ABC"
