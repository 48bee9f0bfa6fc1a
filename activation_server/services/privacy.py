"""What the server stores, why, and for how long."""

from collections.abc import Sequence

from activation_server.rules.data_kind import MappedTable
from activation_server.store import column_map


def stored_data() -> Sequence[MappedTable]:
    """Give every table and column, with the kind of its data; it is the code's, no database's."""
    return column_map.column_map()
