"""Floating seats, virtual machines, trials."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = postgresql.TIMESTAMP(timezone=True, precision=0)


def upgrade() -> None:
    op.create_table(
        "computers",
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("hardware_token", sa.LargeBinary(), nullable=False),
        sa.Column("trial_license_id", sa.Uuid(), nullable=True),
        sa.Column("trial_at", _MOMENT, nullable=True),
        sa.CheckConstraint(
            "(trial_license_id IS NULL) = (trial_at IS NULL)", name=op.f("computers_trial_check")
        ),
        sa.ForeignKeyConstraint(
            ["product"], ["products.code"], name=op.f("computers_product_fkey")
        ),
        sa.PrimaryKeyConstraint("product", "hardware_token", name=op.f("computers_pkey")),
    )
    for name in ("virtual", "lapsed"):
        no = sa.text("false")
        op.add_column(
            "activations", sa.Column(name, sa.Boolean(), server_default=no, nullable=False)
        )
    op.add_column("activations", sa.Column("leased_until", _MOMENT, nullable=True))
    _who_removes("'app', 'support', 'purchase'")


def downgrade() -> None:
    op.execute("UPDATE activations SET removed_by = 'app' WHERE removed_by = 'purchase'")
    _who_removes("'app', 'support'")
    for name in ("lapsed", "leased_until", "virtual"):
        op.drop_column("activations", name)
    op.drop_table("computers")


def _who_removes(allowed: str) -> None:
    name = op.f("activations_removed_by_check")
    op.drop_constraint(name, "activations", type_="check")
    op.create_check_constraint(name, "activations", f"removed_by IN ({allowed})")
