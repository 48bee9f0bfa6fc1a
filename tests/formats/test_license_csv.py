"""What vendors really have: spreadsheets' exports, and what goes wrong in them."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.formats.license_csv import COLUMNS, LicenseRow, Problem, Record, read
from activation_server.rules.license import Status
from activation_server.rules.person import Person

HEADER = "license_key,product\r\n"


def parse(content: bytes | str) -> tuple[list[Problem], list[Record]]:
    data = content.encode() if isinstance(content, str) else content
    text = io.TextIOWrapper(
        io.BytesIO(data), encoding="utf-8-sig", errors="surrogateescape", newline=""
    )
    faults, records = read(text)
    return list(faults), list(records)


def rows(content: bytes | str) -> list[LicenseRow]:
    faults, records = parse(content)
    assert faults == []
    assert [problem for record in records for problem in record.problems] == []
    return [record.row for record in records if record.row is not None]


def problems(content: bytes | str) -> list[tuple[int, str]]:
    faults, records = parse(content)
    found = faults + [problem for record in records for problem in record.problems]
    return [(problem.line, problem.column) for problem in found]


def test_every_column_is_read() -> None:
    [row] = rows(
        ",".join(COLUMNS)
        + "\nabc-1,p,pro,gold,5,suspended,2019-03-01,2027-12-31,2026-06-30T12:00:00+02:00,"
        "A-7,Ana Popescu,Exemplu SRL,ana@example.com\n"
    )
    assert row == LicenseRow(
        line=2,
        license_key="abc-1",
        product="p",
        policy="pro",
        status=Status.SUSPENDED,
        terms={"edition": "gold", "seats": 5},
        issued_at=datetime(2019, 3, 1, tzinfo=UTC),
        expires_at=datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC),
        maintenance_until=datetime(2026, 6, 30, 10, tzinfo=UTC),
        order_reference="A-7",
        buyer=Person("Ana Popescu", "Exemplu SRL", "ana@example.com"),
    )


@pytest.mark.parametrize(
    "content",
    ["license_key,product\nabc,p\n", ",".join(COLUMNS) + "\nabc,p" + "," * (len(COLUMNS) - 2)],
    ids=["only the two that are needed", "all others empty"],
)
def test_what_is_empty_is_not_given(content: str) -> None:
    assert rows(content) == [
        LicenseRow(2, "abc", "p", None, Status.ACTIVE, {}, None, None, None, None, Person())
    ]


@pytest.mark.parametrize(
    "content",
    [
        "license_key,product\r\nabc,p\r\n",
        "\ufefflicense_key,product\r\nabc,p\r\n",
        "license_key;product\nabc;p",
        "license_key\tproduct\nabc\tp\n",
        "sep=;\nlicense_key;product\nabc;p\n",
        '"license_key","product"\n"abc","p"\n',
        "PRODUCT , License Key\np, abc \n",
        "license-key,  Product\nabc,p\n",
        "license_key,product\rabc,p\r",
        "\n\nlicense_key,product\n\n,\nabc,p\n,,,\n\n",
        "license_key,product,,\nabc,p,,\n",
        "license_key,product\nabc,p,,,\n",
        "license_key,product,seats,email\nabc,p\n",
    ],
    ids=[
        "CR LF",
        "byte order mark",
        "European Excel",
        "tabs",
        "delimiter named",
        "quoted",
        "other order, case and spaces",
        "dash",
        "old Mac line ends",
        "empty lines",
        "empty columns",
        "trailing delimiters",
        "missing trailing columns",
    ],
)
def test_files_as_spreadsheets_write_them(content: str) -> None:
    [row] = rows(content)
    assert (row.license_key, row.product) == ("abc", "p")


def test_lines_are_the_physical_ones() -> None:
    content = 'license_key,product,company\r\n"a",p,"Two\r\nlines, and\nthree"\r\n\r\nb,p,\r\n'
    assert [(row.line, row.license_key) for row in rows(content)] == [(2, "a"), (6, "b")]
    assert problems("sep=,\n\nlicense_key,product,seats\na,p,0\n") == [(4, "seats")]


def test_a_quoted_value_may_hold_delimiters_quotes_and_line_ends() -> None:
    [row] = rows('license_key,product\n"a;b,c ""d""\ne",p\n')
    assert row.license_key == 'a;b,c "d"\ne'


@given(st.text(min_size=1, max_size=200).filter(lambda text: text.strip() and "\x00" not in text))
def test_a_key_keeps_its_form(key: str) -> None:
    quoted = '"' + key.replace('"', '""') + '"'
    [row] = rows(f"license_key,product\n{quoted},p\n")
    assert row.license_key == key.strip()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("license_key", "k" * 201),
        ("license_key", "a\x00b"),
        ("seats", "0"),
        ("seats", "-1"),
        ("seats", "2.0"),
        ("seats", "many"),
        ("seats", "٣"),
        ("seats", "2147483648"),
        ("seats", "9" * 5000),
        ("status", "expired"),
        ("issued", "31.12.2027"),
        ("issued", "2028-01-02T12:00:00"),
        ("expires", "31/12/2027"),
        ("expires", "2027-02-30"),
        ("expires", "0001-01-01T00:00:00+14:00"),
        ("maintenance_until", "soon"),
        ("edition", "e" * 65),
        ("order", "o" * 201),
        ("name", "n" * 201),
        ("company", "c" * 201),
        ("email", "ana at example.com"),
        ("email", "a@" + "x" * 253),
    ],
)
def test_a_wrong_value_is_told_with_line_and_column_but_never_repeated(
    column: str, value: str
) -> None:
    others = {"license_key": "abc", "product": "p"} | {column: value}
    content = ",".join(others) + "\n" + ",".join(others.values()) + "\n"
    _, [record] = parse(content)
    [problem] = record.problems
    assert (problem.line, problem.column) == (2, column)
    assert value not in problem.message
    assert problem.message.endswith(".")


@pytest.mark.parametrize(
    ("value", "seats"), [("1", 1), ("2147483647", 2**31 - 1), ("Unlimited", None)]
)
def test_seats(value: str, seats: int | None) -> None:
    assert rows(f"license_key,product,seats\nabc,p,{value}\n")[0].terms == {"seats": seats}


@pytest.mark.parametrize("status", list(Status))
def test_status_in_any_case(status: Status) -> None:
    assert rows(f"license_key,product,status\nabc,p,{status.upper()}\n")[0].status is status


def test_every_problem_of_a_row_is_told() -> None:
    content = "license_key,product,seats,status,email\n,,x,y,z\n"
    assert sorted(problems(content)) == [
        (2, "email"),
        (2, "license_key"),
        (2, "product"),
        (2, "seats"),
        (2, "status"),
    ]


def test_a_row_with_problems_still_says_its_key() -> None:
    _, [record] = parse("license_key,product,seats\nabc,p,x\n")
    assert record.row is not None
    assert record.row.license_key == "abc"


def test_more_values_than_columns() -> None:
    assert problems(HEADER + "a,p,1\nb,p\n") == [(2, "")]
    assert problems("license_key,product,\na,p,1\n") == [(2, "")]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", [(1, "")]),
        ("\n\n", [(1, "")]),
        ("AAAA-BBBB,backup-pro,Ana Popescu\n", [(1, "")]),
        ("license_key,seats\nabc,1\n", [(1, "product")]),
        ("license_key,product,product\nabc,p,p\n", [(1, "product")]),
        ("license_key,product,Licence Key\nabc,p,x\n", [(1, "Licence Key")]),
        ("license_key,product,\x1b[2J\nabc,p,x\n", [(1, "")]),
        ('license_key,"product\nabc,p\n', [(1, "")]),
    ],
    ids=[
        "empty",
        "only empty lines",
        "no header row",
        "a needed column missing",
        "a column twice",
        "an unknown column",
        "an unknown column of control characters",
        "a quotation mark missing",
    ],
)
def test_header_rows_that_are_wrong(content: str, found: list[tuple[int, str]]) -> None:
    assert problems(content) == found


def test_an_unknown_column_is_told_the_known_ones_and_the_rows_are_still_checked() -> None:
    faults, records = parse("license_key,product,licence\nabc,p,\x00\nabc,p,x,y\n")
    assert all(name in faults[0].message for name in COLUMNS)
    assert [len(record.problems) for record in records] == [0, 1]


def test_a_file_without_header_row_is_not_repeated() -> None:
    [fault], _ = parse("AAAA-BBBB,backup-pro,Ana Popescu\n")
    assert "AAAA" not in str(fault)
    assert "Ana" not in str(fault)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_is_told_at_once(encoding: str) -> None:
    faults, records = parse("license_key,product\nabc,p\n".encode(encoding))
    assert [(fault.line, fault.column) for fault in faults] == [(1, "")]
    assert "UTF-8" in faults[0].message
    assert records == []


def test_latin_1_is_told_where_it_stands() -> None:
    content = "license_key,product,name\na,p,Ana\nb,p,Jos\xe9\n\xe9,p,\n".encode("latin-1")
    assert problems(content) == [(3, "name"), (4, "license_key")]
    assert problems("license_key,product,pr\xe9nom\na,p,Ana\n".encode("latin-1")) == [(1, "")]


def test_a_broken_record_hides_no_other_one() -> None:
    content = HEADER + 'a,"p"x\nb,\nc,p\n'
    assert problems(content) == [(2, ""), (3, "product")]
    assert problems(HEADER + 'a,p\n"b,p\nc,p\n') == [(3, "")]


def test_a_lost_quotation_mark_does_not_swallow_a_long_file() -> None:
    lines = [HEADER, '"a,p\n', *(f"k{number},p\n" for number in range(100_000))]
    faults, records = read(lines)
    first = next(records)
    assert (faults, first.line, first.row) == ([], 2, None)
    following = next(records)
    assert following.row is not None
    assert following.row.license_key == f"k{following.line - 3}"


def test_rows_come_one_by_one() -> None:
    taken = 0

    def lines() -> Iterator[str]:
        nonlocal taken
        yield HEADER
        while True:
            taken += 1
            yield f"k{taken},p\n"

    _, records = read(lines())
    for _ in range(10):
        next(records)
    assert taken == 10
