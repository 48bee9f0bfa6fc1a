"""Plots: well-formed SVG, the same each time, with nothing in it but shapes, text and one style."""

import base64
import hashlib
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activation_server.formats import plot
from activation_server.formats.overview import Shape, Sheet
from activation_server.formats.plot import Colors, Width

SVG = "{http://www.w3.org/2000/svg}"
DAYS = [(f"2026-11-{day:02}", day * 1000) for day in range(1, 31)]


def sheet(
    rows: list[tuple[str | int, ...]], shape: Shape, plotted: tuple[int, ...] = (1,)
) -> Sheet:
    return Sheet("of-things", "Things & more", "", ("Of", "In use", "Sold"), rows, shape, plotted)


def drawn(of: Sheet, width: Width = Width.WIDE) -> ET.Element:
    return ET.fromstring(plot.draw(of, width, Colors.LIGHT).svg)  # noqa: S314 - our own


def texts(root: ET.Element) -> list[str]:
    return [each.text or "" for each in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("shape", list(Shape))
@pytest.mark.parametrize("width", list(Width))
def test_there_is_nothing_in_it_but_shapes_text_and_one_style(shape: Shape, width: Width):
    picture = plot.draw(sheet([*DAYS], shape), width, Colors.DARK)
    root = ET.fromstring(picture.svg)  # noqa: S314 - our own
    kinds = {each.tag.removeprefix(SVG) for each in root.iter()}
    assert kinds <= {"svg", "defs", "style", "title", "g", "rect", "path", "text"}
    for each in root.iter():
        assert "style" not in each.attrib
        assert not any(name.startswith("on") or "href" in name for name in each.attrib)
    [style] = root.iter(f"{SVG}style")
    assert style.text is not None
    digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
    assert picture.style_source == f"'sha256-{digest}'"
    assert "url(" not in style.text
    assert "@import" not in style.text
    assert [each.text for each in root.iter(f"{SVG}title")] == ["Things & more"]
    assert b"<!--" not in picture.svg
    assert b"pygal.org" not in picture.svg


def test_it_is_the_same_each_time():
    of = sheet([*DAYS], Shape.COLUMNS)
    assert plot.draw(of, Width.WIDE, Colors.DARK) == plot.draw(of, Width.WIDE, Colors.DARK)
    assert plot.draw(of, Width.WIDE, Colors.DARK) != plot.draw(of, Width.WIDE, Colors.LIGHT)


def test_days_have_labels_now_and_then_the_last_one_too():
    assert [each for each in texts(drawn(sheet([*DAYS], Shape.COLUMNS))) if "-" in each] == [
        "11-05",
        "11-10",
        "11-15",
        "11-20",
        "11-25",
        "11-30",
    ]


def test_every_bar_has_its_height():
    root = drawn(sheet([("a", 10), ("b", 5), ("c", 0)], Shape.COLUMNS))
    bars = [each for each in root.iter(f"{SVG}rect") if "reactive" in each.get("class", "")]
    heights = [float(each.attrib["height"]) for each in bars]
    assert heights[0] == pytest.approx(2 * heights[1])
    assert heights[2:] in ([], [0])


def test_several_series_are_told_apart_by_a_legend():
    told = texts(drawn(sheet([("pro", 3, 9)], Shape.BARS, (1, 2))))
    assert {"In use", "Sold", "pro"} <= set(told)


def test_there_is_no_half_a_computer():
    told = texts(drawn(sheet([("a", 1)], Shape.BARS)))
    assert [each for each in told if each and each != "a"] == ["0", "1"]


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=64))
def test_whatever_an_app_calls_itself_is_text(version: str):
    root = drawn(sheet([(version, 1), ("=1+1<script>\u202e\x00", 2)], Shape.BARS), Width.NARROW)
    assert not list(root.iter(f"{SVG}script"))
    for each in texts(root):
        assert len(each) <= 20
        assert all(letter.isprintable() for letter in each)
