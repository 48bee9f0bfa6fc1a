"""What each column of the database holds, as `tables/` says it."""

from collections.abc import Sequence

from sqlalchemy import MetaData

from activation_server.rules.data_kind import DataKind, MappedColumn, MappedTable
from activation_server.store.tables import metadata


def column_map() -> Sequence[MappedTable]:
    """Give every table in the order of `tables/`, with its columns."""
    return [
        MappedTable(
            str(table.name),  # SQLAlchemy's names are a kind of text of their own
            table.info["about"],
            [MappedColumn(str(column.name), column.info["kind"]) for column in table.columns],
        )
        for table in metadata.tables.values()
    ]


def unclassified(tables: MetaData) -> list[str]:
    """Give the tables and columns that do not say what they hold."""
    silent = [table.name for table in tables.tables.values() if not table.info.get("about")]
    return silent + [
        f"{table.name}.{column.name}"
        for table in tables.tables.values()
        for column in table.columns
        if not isinstance(column.info.get("kind"), DataKind)
    ]
