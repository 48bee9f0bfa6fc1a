"""Accounts at an identity provider that staff sign in with."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True, precision=0)


def upgrade() -> None:
    op.create_table(
        "staff_identities",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("email_digest", sa.LargeBinary()),
        sa.Column("digest", sa.LargeBinary()),
        sa.Column("linked_at", MOMENT),
        sa.Column("used_at", MOMENT),
        sa.Column("used_until", MOMENT),
        sa.PrimaryKeyConstraint("staff_id", name="staff_identities_pkey"),
        sa.UniqueConstraint("email_digest", name="staff_identities_email_digest_key"),
        sa.UniqueConstraint("digest", name="staff_identities_digest_key"),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.staff_id"],
            name="staff_identities_staff_id_fkey",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "(email_digest IS NULL) <> (digest IS NULL)", name="staff_identities_linked_check"
        ),
        sa.CheckConstraint(
            "(digest IS NULL) = (linked_at IS NULL)", name="staff_identities_linked_at_check"
        ),
    )


def downgrade() -> None:
    op.drop_table("staff_identities")
