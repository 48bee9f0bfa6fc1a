"""Licenses as JSON lines: an object a line, its fields those of the CSV file (`license_csv.py`)."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from activation_server.formats.license_csv import COLUMNS, REQUIRED, Problem, Record, record_of

_NO_OBJECT: Final = "This is no JSON object on a line of its own."
_NO_VALUE: Final = "Give a text, a whole number or null."
_NOT_UTF_8: Final = "This is not UTF-8."


def read(
    lines: Iterable[str], required: Collection[str] = REQUIRED
) -> tuple[Sequence[Problem], Iterator[Record]]:
    """Read a file's lines as `license_csv.read` does; blank ones are left out."""
    return [], _records(lines, required)


def _records(lines: Iterable[str], required: Collection[str]) -> Iterator[Record]:
    for number, text in enumerate(lines, 1):
        if text.strip():
            yield _record(number, text, required)


def _record(number: int, text: str, required: Collection[str]) -> Record:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        return Record(number, None, [Problem(number, "", _NO_OBJECT)])
    unknown = sorted(set(fields) - set(COLUMNS))
    problems = [Problem(number, "", _unknown())] if unknown else []
    values, wrong = _texts(number, fields)
    return record_of(number, values, [*problems, *wrong], required)


def _texts(
    number: int, fields: Mapping[str, Any]
) -> tuple[Sequence[tuple[str, str]], list[Problem]]:
    """Give the values as texts, as a CSV file has them, and what is wrong with others."""
    values, problems = [], []
    for name in COLUMNS:
        value = fields.get(name)
        if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
            problems.append(Problem(number, name, _NO_VALUE))
        elif not _is_text(str(value)):
            problems.append(Problem(number, name, _NOT_UTF_8))
        elif value is not None and str(value).strip():
            values.append((name, str(value).strip()))
    return values, problems


def _is_text(text: str) -> bool:
    """Whether it is Unicode: JSON may spell lone surrogates, which are none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unknown() -> str:
    return f"Remove the fields that there are not; there are {', '.join(COLUMNS)}."


Read = Callable[[Iterable[str], Collection[str]], tuple[Sequence[Problem], Iterator[Record]]]
