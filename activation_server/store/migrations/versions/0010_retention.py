"""Retention: lifetimes that operators choose, review records, and what runs search by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True, precision=0)


def upgrade() -> None:
    op.add_column("licenses", sa.Column("status_at", MOMENT))
    # Nothing tells since when: the latest that it may be, so that nothing goes too early.
    op.execute("UPDATE licenses SET status_at = now()")
    op.alter_column("licenses", "status_at", nullable=False)
    op.create_index(
        "activations_removed_at_idx",
        "activations",
        ["removed_at"],
        postgresql_where=sa.text("removed_at IS NOT NULL"),
    )
    op.create_index(
        "events_network_idx",
        "events",
        ["at"],
        postgresql_where=sa.text("details ? 'network'"),
    )
    op.create_index(
        "refusals_network_idx",
        "refusals",
        ["at"],
        postgresql_where=sa.text("evidence ? 'network'"),
    )
    op.create_table(
        "retention_lifetimes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="retention_lifetimes_pkey"),
        sa.CheckConstraint("count >= 1", name="retention_lifetimes_count_check"),
        sa.CheckConstraint("unit IN ('days', 'months')", name="retention_lifetimes_unit_check"),
    )
    op.create_table(
        "retention_runs",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("classes", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="retention_runs_pkey"),
    )
    op.create_index("retention_runs_began_at_idx", "retention_runs", ["began_at"])


def downgrade() -> None:
    op.drop_table("retention_runs")
    op.drop_table("retention_lifetimes")
    op.drop_index("refusals_network_idx", "refusals")
    op.drop_index("events_network_idx", "events")
    op.drop_index("activations_removed_at_idx", "activations")
    op.drop_column("licenses", "status_at")
