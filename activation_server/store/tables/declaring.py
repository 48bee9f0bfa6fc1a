"""How a table is declared: names of constraints, times, columns that tell what they hold."""

from typing import Any

from sqlalchemy import Column, MetaData
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeEngine

from activation_server.rules.data_kind import DataKind

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_name)s_idx",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


Moment = TIMESTAMP(timezone=True, precision=0)


def column(
    name: str,
    type_: TypeEngine[Any] | type[TypeEngine[Any]],
    holds: DataKind,
    **options: Any,  # noqa: ANN401 - what SQLAlchemy's Column takes
) -> Column[Any]:
    """Declare a column that is not null unless said otherwise, with the kind of its data."""
    options.setdefault("nullable", False)
    return Column(name, type_, info={"kind": holds}, **options)
