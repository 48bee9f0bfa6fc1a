"""The terms that hold for licenses, for questions over all of them: their own, else their policy's.

The same as `rules/license.py` says of one; a test compares the two.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, Select, and_, case, cast, func, select

from activation_server.rules.license import MOST_DAYS, TermFrom
from activation_server.store.tables import licenses, policies

_L = licenses.c
# Read once of each policy, and not of each license.
_policies: Final = (
    select(
        policies.c.product,
        policies.c.name,
        *(
            policies.c.terms[name].astext.label(name)
            for name in ("seats", "term_days", "term_from", "trial_days", "grace_days")
        ),
    )
    .cte("terms")
    .prefix_with("MATERIALIZED")
)


def with_terms(*columns: ColumnElement[Any]) -> Select[Any]:
    """Ask for columns of licenses, and for what is below."""
    policy = and_(_policies.c.product == _L.product, _policies.c.name == _L.policy)
    return select(*columns).select_from(licenses).join(_policies, policy)


def _term(name: str) -> ColumnElement[str | None]:
    """Give a term of a license; where it has its own, that one counts, `null` too."""
    own = (_L.overrides.has_key(name), _L.overrides[name].astext)
    return case(own, else_=_policies.c[name])


# As `License.ends_at` has it; what awaits its first activation has no end yet.
_LASTS: Final = cast(func.coalesce(_term("trial_days"), _term("term_days")), Integer)
_BEGINS: Final = case((_term("term_from") == TermFrom.ISSUE, _L.issued_at), else_=_L.started_at)
ENDS: Final = func.coalesce(
    _L.expires_at, _BEGINS + func.make_interval(0, 0, 0, func.least(_LASTS, MOST_DAYS))
)
GRACE_DAYS: Final = cast(_term("grace_days"), Integer)
IS_TRIAL: Final = _term("trial_days").is_not(None)
SEATS: Final = cast(_term("seats"), Integer)
