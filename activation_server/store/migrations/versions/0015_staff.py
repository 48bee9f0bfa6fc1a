"""The vendor's staff, their recovery codes, passkeys and sessions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True, precision=0)


def upgrade() -> None:
    op.create_table(
        "staff",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT),
        sa.Column("credentials_at", MOMENT),
        sa.Column("password_sealed", sa.LargeBinary()),
        sa.Column("totp_sealed", sa.LargeBinary()),
        sa.Column("totp_step", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("wrong_codes", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("link_digest", sa.LargeBinary()),
        sa.Column("link_until", MOMENT),
        sa.PrimaryKeyConstraint("staff_id", name="staff_pkey"),
        sa.UniqueConstraint("name", name="staff_name_key"),
        sa.UniqueConstraint("link_digest", name="staff_link_digest_key"),
        sa.CheckConstraint(
            "(credentials_at IS NULL) = (password_sealed IS NULL)"
            " AND (credentials_at IS NULL) = (totp_sealed IS NULL)",
            name="staff_credentials_check",
        ),
        sa.CheckConstraint("(link_digest IS NULL) = (link_until IS NULL)", name="staff_link_check"),
    )
    op.create_table(
        "staff_recovery_codes",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("staff_id", "digest", name="staff_recovery_codes_pkey"),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.staff_id"],
            name="staff_recovery_codes_staff_id_fkey",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "staff_passkeys",
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.Column("used_until", MOMENT),
        sa.PrimaryKeyConstraint("credential_id", name="staff_passkeys_pkey"),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.staff_id"],
            name="staff_passkeys_staff_id_fkey",
            ondelete="CASCADE",
        ),
    )
    op.create_index("staff_passkeys_staff_id_idx", "staff_passkeys", ["staff_id"])
    op.create_table(
        "staff_sessions",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("signed_in_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="staff_sessions_pkey"),
        sa.UniqueConstraint("digest", name="staff_sessions_digest_key"),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.staff_id"],
            name="staff_sessions_staff_id_fkey",
            ondelete="CASCADE",
        ),
    )
    op.create_index("staff_sessions_staff_id_idx", "staff_sessions", ["staff_id"])
    op.create_index("staff_sessions_ends_at_idx", "staff_sessions", ["ends_at"])


def downgrade() -> None:
    op.drop_table("staff_sessions")
    op.drop_table("staff_passkeys")
    op.drop_table("staff_recovery_codes")
    op.drop_table("staff")
