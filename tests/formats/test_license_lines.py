import json

import pytest

from activation_server.formats import license_lines
from activation_server.rules.license import Status


def read(*lines: str, required: tuple[str, ...] = ("product",)):
    faults, records = license_lines.read(lines, required)
    assert not faults
    return list(records)


def test_a_line_says_what_a_row_of_the_csv_file_says():
    fields = {
        "product": " p ",
        "policy": None,
        "seats": 5,
        "status": "suspended",
        "expires": "2027-12-31",
        "order": "",
        "name": "Ana\nPopescu",
    }
    blank, [record] = "  \n", read(json.dumps(fields) + "\n")
    assert read(blank) == []
    row = record.row
    assert row is not None
    assert (row.product, row.policy, row.status) == ("p", None, Status.SUSPENDED)
    assert (row.terms, row.license_key, row.order_reference) == ({"seats": 5}, None, None)
    assert row.buyer.name == "Ana\nPopescu"
    assert str(row.expires_at) == "2027-12-31 23:59:59+00:00"


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("", None),
        ("x", ""),
        ("[]", ""),
        ("null", ""),
        ('{"product": "p"', ""),
        ("[" * 100_000, ""),
        ('{"product": ' + "1" * 5000 + "}", ""),
        ('{"product": "p", "hint": "secret"}', ""),
        ('{"product": true}', "product"),
        ('{"product": ["p"]}', "product"),
        ('{"product": 1.5}', "product"),
        ('{"product": "\\ud800"}', "product"),
        ('{"product": "p\\u0000"}', "product"),
        ('{"product": "p", "seats": 0}', "seats"),
        ('{"product": "p", "email": "secret"}', "email"),
        ("{}", "product"),
        ('{"product": null}', "product"),
        ('{"product": "\udcff"}', "product"),
    ],
)
def test_what_is_wrong_is_told_and_never_repeated(line: str, column: str | None):
    found = [problem for record in read(line) for problem in record.problems]
    assert {problem.column for problem in found} == (set() if column is None else {column})
    assert not any("secret" in problem.message for problem in found)


def test_lines_are_counted():
    records = read('{"product": "p"}\n', "\n", "x\n")
    assert [record.line for record in records] == [1, 3]


def test_a_key_may_be_needed():
    [record] = read('{"product": "p"}', required=("license_key", "product"))
    assert [problem.column for problem in record.problems] == ["license_key"]
    assert record.row is None
