"""CSV for spreadsheets (RFC 4180): every cell quoted, and none taken for a formula.

Names and orders come from anybody. A cell that begins as a formula does gets an apostrophe before
it, as OWASP advises ("CSV Injection"): spreadsheets show it as text.
"""

from collections.abc import Iterable
from typing import Final

MEDIA_TYPE: Final = "text/csv; charset=utf-8; header=present"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - in full width too


def line(cells: Iterable[object]) -> str:
    """Write a record."""
    return ",".join(map(cell, cells)) + "\r\n"


def cell(value: object) -> str:
    """Write a cell; nothing is an empty one, several values are told apart by spaces."""
    if value is None:
        text = ""
    elif isinstance(value, (list, tuple)):
        text = " ".join(map(str, value))
    else:
        text = str(value)
    defused = f"'{text}" if text.startswith(_FORMULA) else text
    return '"' + defused.replace('"', '""') + '"'
