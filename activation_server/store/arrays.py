"""Many ids in one parameter: a statement that stays short, and the same, however many there are."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, any_, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid


def is_one_of(column: ColumnElement[UUID], ids: Collection[UUID]) -> ColumnElement[bool]:
    """Whether a column is any of some ids."""
    return column == any_(cast(list(ids), ARRAY(Uuid)))


GIVEN: Final = func.unnest(bindparam("ids", type_=ARRAY(Uuid)))  # as rows, see `is_given`


def is_given(column: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Whether a column is any of the ids that the parameter `ids` is a list of.

    For a statement that is made once: to make one takes longer than to send it.
    """
    return column == any_(bindparam("ids", type_=ARRAY(Uuid)))


# Pairs of ids, which `given_pairs` makes the parameters of, for statements that are made once.
GIVEN_PAIRS: Final = select(
    *(func.unnest(bindparam(name, type_=ARRAY(Uuid))) for name in ("first_ids", "second_ids"))
)


def given_pairs(ids: Collection[tuple[UUID, UUID]]) -> Mapping[str, list[UUID]]:
    """Give pairs of ids as the parameters of `GIVEN_PAIRS`."""
    return {
        "first_ids": [first for first, _ in ids],
        "second_ids": [second for _, second in ids],
    }
