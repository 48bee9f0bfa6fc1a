"""Text is compared as Unicode says: form, case, accents and width make no difference."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.rules.folding import (
    _LETTERS,
    _PLAIN,
    beginnings,
    fold,
    is_found,
    needed,
    words,
)

ANY_TEXT = st.text(max_size=30)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ελληνικά", "ΕΛΛΗΝΙΚΑ"),
        ("Παπαδόπουλος", "παπαδοπουλοσ"),
        ("Łukasz Żółć", "lukasz zolc"),
        ("Đorđe", "dorde"),
        ("Ørsted Æble", "orsted aeble"),
        ("Straße", "STRASSE"),
        ("İzmir", "izmir"),
        ("Iğdır", "igdir"),
        ("\N{LATIN SMALL LIGATURE FI}nn", "finn"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}na", "ana"),
        ("ヤマダ", "やまだ"),
        ("\N{HALFWIDTH KATAKANA LETTER YA}\N{HALFWIDTH KATAKANA LETTER MA}", "やま"),
        ("مُحَمَّد", "محمد"),
        ("Nguyễn", "nguyen"),
        ("А\u0301нна", "анна"),
    ],
)
def test_spellings_that_are_the_same(one: str, other: str):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("कुमार", "कमार"), ("สุดา", "สดา"), ("김", "긴"), ("山", "川"), ("и", "u")]
)
def test_letters_that_are_others(one: str, other: str):
    assert fold(one) != fold(other)


@given(ANY_TEXT)
def test_folding_twice_is_folding_once_and_forgets_the_form(text: str):
    assert fold(fold(text)) == fold(text)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert fold(unicodedata.normalize(form, text)) == fold(text)


@given(ANY_TEXT, ANY_TEXT)
def test_whatever_is_found_has_the_beginnings_it_needs(wanted: str, text: str):
    """What the index is built on: it never leaves out what a plain search finds."""
    for word in words(wanted):
        for of_text in words(text):
            if is_found(word, [of_text]):
                assert needed(word) <= beginnings(of_text)


@pytest.mark.parametrize(
    ("wanted", "text", "found"),
    [
        ("pop", "Ana Popescu", True),
        ("popescu", "Ana Popescu", True),
        ("pope", "Ana Popa", False),
        ("escu", "Ana Popescu", False),
        ("li", "Li Wei", True),
        ("li", "Lin Wei", False),
        ("太郎", "山田太郎", True),
        ("田太", "山田太郎", True),
        ("太山", "山田太郎", False),
        ("brien", "O'Brien", True),
        ("7k3", "DESKTOP-7K3Q2", True),
    ],
)
def test_a_search_finds_words_by_how_they_begin(wanted: str, text: str, *, found: bool):
    [word] = words(wanted)
    assert is_found(word, words(text)) is found


def test_every_mark_is_dropped_that_is_no_letter_wherever_unicode_has_it():
    """Marks are looked for in the first two planes alone: the others have none."""
    texts = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    everything = "\n".join(texts)
    plain = unicodedata.normalize("NFKD", everything).casefold().translate(_PLAIN)
    kept = (c for c in plain if not (mark := unicodedata.combining(c)) or mark in _LETTERS)
    assert fold(everything) == unicodedata.normalize("NFKC", "".join(kept)).casefold()
