"""Sheets of the overview as pictures: SVG without a script, and with one style told by its digest.

Drawn by pygal: small, and plain Python. It is imported when the first plot is asked for, so neither
commands nor check-ins pay for it.
"""

import base64
import hashlib
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from activation_server.formats.overview import Cell, Shape, Sheet

MEDIA_TYPE: Final = "image/svg+xml"
_FONT: Final = 'system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif'
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_BAR, _AROUND, _COLUMNS = 30, 60, 300  # pixels of height: each bar, what is around them, columns
_SURPLUS: Final = frozenset({"script", "desc"})  # with comments, and what scripts would show


class Width(StrEnum):
    """How wide a window is that a plot is for."""

    WIDE = "wide"
    NARROW = "narrow"


class Colors(StrEnum):
    """What a plot stands on."""

    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class _Size:
    width: int
    font: int
    longest: int  # characters of a label
    labels: int  # of columns, at most


_SIZES: Final[Mapping[Width, _Size]] = {
    Width.WIDE: _Size(640, 14, 32, 7),
    Width.NARROW: _Size(320, 13, 20, 4),
}
_INK: Final[Mapping[Colors, Sequence[str]]] = {  # text, lines, then series
    Colors.LIGHT: ("#1b1f24", "#d5dae0", "#0b5cad", "#b35c00", "#57606a"),
    Colors.DARK: ("#e6e9ec", "#333c46", "#7db7f0", "#e3b341", "#9aa5b1"),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot, and the source for its style that a content security policy has to allow."""

    svg: bytes
    style_source: str


def draw(sheet: Sheet, width: Width, colors: Colors) -> Picture:
    """Draw a sheet as what its shape says; without anything to plot there is an empty frame."""
    tree = _chart(sheet, _SIZES[width], colors).render_tree()
    _clean(tree)
    tree.find("title").text = sheet.title
    style = tree.find("defs/style").text
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return Picture(_pygal().etree.etree.tostring(tree, encoding="utf-8"), f"'sha256-{digest}'")


def _pygal() -> Any:  # noqa: ANN401 - it has no types
    """Import it, without the hook for maps that it puts into all later imports."""
    import pygal  # noqa: PLC0415 - see above

    hooks = [each for each in sys.meta_path if isinstance(each, pygal.PluginImportFixer)]
    for each in hooks:
        sys.meta_path.remove(each)
    return pygal


def _chart(sheet: Sheet, size: _Size, colors: Colors) -> Any:  # noqa: ANN401 - as above
    pygal, rows = _pygal(), sheet.rows or ()
    common = {
        "width": size.width,
        "style": _style(size, colors),
        "js": (),
        "show_legend": len(sheet.plotted) > 1,
        "legend_at_bottom": True,
        "legend_at_bottom_columns": 1,
        "legend_box_size": size.font,
        "value_formatter": _whole,
        "margin": 4,
        "margin_right": 2 * size.font,  # for half of the last label
        "max_scale": 5,
        "truncate_legend": -1,
        "truncate_label": -1,
    }
    if sheet.shape is Shape.COLUMNS:
        every = -(-len(rows) // size.labels)  # back from the last one
        chart = pygal.Bar(
            height=_COLUMNS,
            show_minor_x_labels=False,
            x_labels_major=[_label(row[0], size) for row in rows[:: -every or -1]],
            **common,
        )
    else:
        rows = rows[::-1]  # it begins at the bottom
        legend = _BAR * len(sheet.plotted) if len(sheet.plotted) > 1 else 0
        height = _AROUND + legend + _BAR * len(rows) * len(sheet.plotted)
        chart = pygal.HorizontalBar(height=height, **common)
    chart.uuid = sheet.name  # in place of a random one
    chart.x_labels = [_label(row[0], size) for row in rows]
    for at in sheet.plotted:
        chart.add(sheet.head[at], [row[at] for row in rows])
    return chart


def _style(size: _Size, colors: Colors) -> Any:  # noqa: ANN401 - as above
    text, line, *series = _INK[colors]
    return _pygal().style.Style(
        background="transparent",
        plot_background="transparent",
        foreground=text,
        foreground_strong=text,
        foreground_subtle=line,
        guide_stroke_color=line,
        major_guide_stroke_color=line,
        guide_stroke_dasharray="0",
        major_guide_stroke_dasharray="0",
        opacity="1",
        stroke_opacity="0",
        transition="0s",
        font_family=_FONT,
        label_font_size=size.font,
        major_label_font_size=size.font,
        legend_font_size=size.font,
        colors=tuple(series),
    )


def _label(cell: Cell, size: _Size) -> str:
    """Give a label that fits: a day without its year, a version without what can't be seen."""
    text = "".join(
        each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in str(cell)
    )
    text = text[len("2026-") :] if _DAY.fullmatch(text) else text
    return text if len(text) <= size.longest else text[: size.longest - 1] + "…"


def _whole(value: float) -> str:
    """Write a number; there is no half a computer."""
    return f"{value:,.0f}" if float(value).is_integer() else ""


def _clean(tree: Any) -> None:  # noqa: ANN401 - an element of whatever library pygal found
    """Take out what is for scripts, and says when it was drawn."""
    for parent in [tree, *tree.iter()]:
        for child in list(parent):
            if not isinstance(child.tag, str) or _is_surplus(parent, child):
                parent.remove(child)


def _is_surplus(parent: Any, child: Any) -> bool:  # noqa: ANN401 - as above
    if child.tag in _SURPLUS:
        return True
    in_guides = child.tag == "title" and parent.tag != "svg"
    return in_guides or "tooltip" in child.get("class", "").split()
