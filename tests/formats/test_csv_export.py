import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.formats import csv_export


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_is_taken_for_a_formula(begin: str):
    assert csv_export.cell(f"{begin}cmd|' /C calc'!A0") == f"\"'{begin}cmd|' /C calc'!A0\""


def test_cells():
    cells = ["a", None, 3, True, ["x", "y"], (), 'say "no"', "a,b;c", "'=1"]
    assert csv_export.line(cells) == ('"a","","3","True","x y","","say ""no""","a,b;c","\'=1"\r\n')


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1))
def test_what_is_written_is_one_record_with_as_many_cells(cells: list[str]):
    text = csv_export.line(cells)
    [read] = csv.reader(StringIO(text, newline=""), strict=True)
    assert [cell.removeprefix("'") for cell in read] == [cell.removeprefix("'") for cell in cells]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in read)
