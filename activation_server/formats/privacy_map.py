"""The record of processing: what is stored, why and until when, as Markdown, JSON and for Fides."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import yaml

from activation_server.rules.data_kind import DataKind, MappedColumn, MappedTable
from activation_server.rules.retention import CLASSES, Retention

Json = dict[str, Any]
Tables = Sequence[MappedTable]

DATASET: Final = "activation_server"
WIDTH: Final = 100  # of lines, for terminals
NO_PERSON: Final = "none needed: about no person"


def document(tables: Tables) -> Json:
    """Write the map as one JSON value, each column with all that is known of it."""
    return {
        "tables": [
            {
                "table": table.name,
                "about": table.about,
                "columns": [_column(column) for column in table.columns],
            }
            for table in tables
        ],
        "retention": [_retention(each) for each in CLASSES.values()],
    }


def _column(column: MappedColumn) -> Json:
    kind = column.kind
    return {
        "column": column.name,
        "kind": kind.name,
        "holds": kind.holds,
        "categories": list(kind.categories),
        "uses": list(kind.uses),
        "purpose": kind.purpose,
        "legal_basis": kind.legal_basis and kind.legal_basis.value,
        "retention": kind.retention.name,
    }


def _retention(each: Retention) -> Json:
    return {
        "class": each.name,
        "clock": each.clock,
        "lifetime": each.lifetime and str(each.lifetime),
        "action": each.action.value,
        "has_run": each.has_run,
        "remark": each.remark or None,
    }


# ---- For Fides.


def fides(tables: Tables) -> str:
    """Write the map as a Fides dataset in YAML.

    A dataset's fields have no place for legal basis and retention: `meta` has them by column, and
    the descriptions in words.
    """
    dataset = {
        "fides_key": DATASET,
        "name": "Activation server",
        "description": "The database of the license activation server.",
        "meta": {
            "columns": {
                f"{table.name}.{column.name}": {
                    "legal_basis": column.kind.legal_basis and column.kind.legal_basis.value,
                    "retention": column.kind.retention.name,
                }
                for table in tables
                for column in table.columns
            },
            "retention": [_retention(each) for each in CLASSES.values()],
        },
        "collections": [_collection(table) for table in tables],
    }
    return yaml.safe_dump({"dataset": [dataset]}, sort_keys=False, allow_unicode=True, width=100)


def _collection(table: MappedTable) -> Json:
    return {
        "name": table.name,
        "description": table.about,
        "fields": [_field(column) for column in table.columns],
    }


def _field(column: MappedColumn) -> Json:
    kind = column.kind
    description = (
        f"{_sentence(kind.holds)} {kind.purpose} Legal basis: {_basis(kind)}. "
        f"Kept: {_kept(kind.retention)}."
    )
    field: Json = {
        "name": column.name,
        "description": description,
        "data_categories": list(kind.categories),
        "data_uses": list(kind.uses),
    }
    return field | ({"data_subjects": [kind.subject]} if kind.is_about_a_person() else {})


# ---- For people.


def markdown(tables: Tables) -> str:
    """Write the map as a page that reads well as it is, too."""
    return f"# Record of processing\n\n{sections(tables, level=2)}"


def sections(tables: Tables, *, level: int) -> str:
    """Write the map's sections alone, under headings of a level, for a page that has more."""
    head = "#" * level
    parts = [
        _wrapped(
            "Kinds of data and retention classes are explained below the tables. Categories and "
            "uses are keys of the fideslang taxonomy."
        )
    ]
    parts += [f"{head} Tables and columns", *(_table(table, head) for table in tables)]
    parts += [f"{head} Kinds of data", *(_kind(kind, head) for kind in _kinds(tables))]
    parts += [f"{head} Retention", *(_class(each, tables, head) for each in CLASSES.values())]
    return "\n\n".join(parts) + "\n"


def _table(table: MappedTable, head: str) -> str:
    rows = [
        (
            f"`{column.name}`",
            column.kind.name,
            column.kind.legal_basis or "none needed",
            column.kind.retention.name,
        )
        for column in table.columns
    ]
    titles = ("Column", "Kind of data", "Legal basis", "Kept as")
    return f"{head}# `{table.name}`\n\n{table.about}\n\n{_grid(titles, rows)}"


def _kinds(tables: Tables) -> Iterable[DataKind]:
    """Give each kind once, in the order of the tables that hold it, however long it is kept."""
    kinds = [column.kind for table in tables for column in table.columns]
    return {kind.name: kind for kind in kinds}.values()


def _kind(kind: DataKind, head: str) -> str:
    return _entry(
        f"{head}# {kind.name.capitalize()}",
        _sentence(kind.holds),
        {
            "For": kind.purpose,
            "Uses": _codes(kind.uses),
            "Categories": _codes(kind.categories),
            "Legal basis": _basis(kind),
        },
    )


def _class(each: Retention, tables: Tables, head: str) -> str:
    columns = sum(column.kind.retention.name == each.name for t in tables for column in t.columns)
    return _entry(
        f"{head}# {each.name.capitalize()}",
        f"{_sentence(_kept(each))} {each.remark}",
        {
            "Columns": str(columns or "none of its own"),
            "Disposed of by a run": "yes" if each.has_run else "no",
        },
    )


def _entry(heading: str, text: str, facts: Mapping[str, str]) -> str:
    items = (_wrapped(f"- {name}: {fact}", "  ") for name, fact in facts.items())
    return "\n".join((heading, "", _wrapped(text), *items))


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _kept(each: Retention) -> str:
    until = "until" if each.lifetime is None else f"{each.lifetime} after"
    return f"{until} {each.clock}; then: {each.action}"


def _basis(kind: DataKind) -> str:
    return kind.legal_basis or NO_PERSON


def _codes(keys: Iterable[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _grid(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table whose columns are aligned in the text as well."""
    widths = [max(map(len, cells)) for cells in zip(titles, *rows, strict=True)]
    lines = [titles, ["-" * width for width in widths], *rows]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |"
        for line in lines
    )
