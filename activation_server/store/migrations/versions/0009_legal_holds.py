"""Legal holds on licenses and people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True, precision=0)


def upgrade() -> None:
    op.create_table(
        "legal_holds",
        sa.Column("license_id", sa.Uuid(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid()),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("ordered_by", sa.LargeBinary(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("placed_at", MOMENT, nullable=False),
        sa.Column("lifted_at", MOMENT),
        sa.Column("lifted_reason", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("license_id", "hold_id", name="legal_holds_pkey"),
        sa.ForeignKeyConstraint(
            ["license_id"], ["licenses.license_id"], name="legal_holds_license_id_fkey"
        ),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lifted_reason IS NULL)", name="legal_holds_lifted_check"
        ),
    )


def downgrade() -> None:
    op.drop_table("legal_holds")
