"""Lists of licenses that members of staff keep for themselves."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff_searches",
        sa.Column("search_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("criteria", postgresql.JSONB(), nullable=False),
        sa.Column("added_at", postgresql.TIMESTAMP(timezone=True, precision=0), nullable=False),
        sa.PrimaryKeyConstraint("search_id", name="staff_searches_pkey"),
        sa.UniqueConstraint("staff_id", "name", name="staff_searches_staff_id_key"),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.staff_id"],
            name="staff_searches_staff_id_fkey",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("staff_searches")
