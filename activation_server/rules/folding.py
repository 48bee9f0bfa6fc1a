"""Text as it is compared and searched: case, accents, width and script folded by Unicode rules.

Compatibility forms are decomposed (UAX #15, NFKD) and accents are dropped; letters are case-folded
(The Unicode Standard, 3.13). Letters that have no decomposition and still differ from a plain one
in nothing but a stroke, a ligature or the kind of kana are the same here, as they are on the first
level of the Unicode Collation Algorithm's default table (UTS #10, DUCET).
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_PLAIN: Final = str.maketrans(
    {
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ł": "l",
        "ø": "o",
        "ŧ": "t",
        "æ": "ae",
        "œ": "oe",
    }
    | {chr(katakana): chr(katakana - 0x60) for katakana in range(0x30A1, 0x30F7)}
    | {"ـ": "", "\N{ZERO WIDTH JOINER}": "", "\N{ZERO WIDTH NON-JOINER}": ""}
)
# Combining marks that are letters of their own: viramas, and vowels of Telugu, Thai, Lao, Tibetan.
_LETTERS: Final = frozenset({9, 84, 91, 103, 118, 129, 130, 132})
_BEYOND_MARKS: Final = 0x20000  # only the first two planes of Unicode have combining marks
_FOLDED: Final = _PLAIN | {
    code: None
    for code in range(0x300, _BEYOND_MARKS)
    if (mark := unicodedata.combining(chr(code))) and mark not in _LETTERS
}
_ASCII_WORD: Final = re.compile(r"[a-z0-9]+")
# Scripts that are written without spaces: Han, kana, Hangul.
_UNSPACED: Final = re.compile(
    r"[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]"
)
BEGINNING: Final = 3  # characters of a word that a search needs
LONGEST: Final = 5  # characters of a word that are told apart without opening it


def fold(text: str) -> str:
    """Give a text as it is compared: two spellings that differ in form alone are the same."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_FOLDED)
    return unicodedata.normalize("NFKC", folded).casefold()


def words(text: str) -> list[str]:
    """Give the folded words of a text: runs of letters, digits and the marks on them."""
    folded = fold(text)
    if folded.isascii():
        return _ASCII_WORD.findall(folded)
    return "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in folded).split()


def is_unspaced(text: str) -> bool:
    """Whether a text begins in a script that is written without spaces between words."""
    return _UNSPACED.match(text) is not None


def beginnings(word: str) -> set[str]:
    """Give what a folded word is found by.

    That is its first three to five characters, or the whole of a shorter word; in scripts that are
    written without spaces, every character.
    """
    lengths = range(BEGINNING, LONGEST + 1)
    of_runs = {run[:length] for run in _runs(word) for length in lengths}
    return of_runs | set(_UNSPACED.findall(word))


def needed(wanted: str) -> set[str]:
    """Give those of a word's beginnings that it must have if a wanted word is found in it."""
    return set(_UNSPACED.findall(wanted)) or {wanted[:LONGEST]}


def is_found(wanted: str, text_words: Iterable[str]) -> bool:
    """Whether a folded word of a search is found among the folded words of a text.

    With three characters or more it is found at the beginning of a word; a shorter one is a whole
    word. In scripts that are written without spaces it is found anywhere.
    """
    if _UNSPACED.search(wanted):
        return any(wanted in word for word in text_words)
    if len(wanted) < BEGINNING:
        return any(wanted in _runs(word) for word in text_words)
    return any(run.startswith(wanted) for word in text_words for run in _runs(word))


def _runs(word: str) -> list[str]:
    """Give a word's parts between characters of scripts without spaces: mostly the word itself."""
    return [word] if word.isascii() else [run for run in _UNSPACED.split(word) if run]
