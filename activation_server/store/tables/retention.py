"""How long data is kept, and what runs disposed of."""

from sqlalchemy import CheckConstraint, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from activation_server.rules import personal_data as kind
from activation_server.store.tables.declaring import Moment, column, metadata

retention_lifetimes = Table(
    "retention_lifetimes",
    metadata,
    column("name", Text, kind.RETENTION_FACT, primary_key=True),
    column("count", Integer, kind.RETENTION_FACT),
    column("unit", Text, kind.RETENTION_FACT),
    column("set_at", Moment, kind.RETENTION_FACT),
    CheckConstraint("count >= 1", name="count"),
    CheckConstraint("unit IN ('days', 'months')", name="unit"),
    info={"about": "How long classes of data are kept, where the operator chose."},
)

# What each run found due and disposed of: written along with it, so that one that was killed tells
# as well.
retention_runs = Table(
    "retention_runs",
    metadata,
    column("run_id", Uuid, kind.RETENTION_FACT, primary_key=True),
    column("began_at", Moment, kind.RETENTION_FACT),
    column("ended_at", Moment, kind.RETENTION_FACT, nullable=True),
    column("by", Text, kind.RETENTION_FACT),
    column("classes", JSONB, kind.RETENTION_FACT),
    Index(None, "began_at"),
    info={"about": "The review records of retention."},
)
