"""The audit log, its head and its signed checkpoints."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = postgresql.TIMESTAMP(timezone=True)
    op.create_table(
        "audit_log",
        sa.Column("at", moment, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("license_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("why_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("at", "seq", name=op.f("audit_log_pkey")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index(op.f("audit_log_seq_idx"), "audit_log", ["seq"])
    op.create_index(
        op.f("audit_log_license_id_idx"),
        "audit_log",
        ["license_id"],
        postgresql_where="license_id IS NOT NULL",
    )
    # Takes the entries of a month that has no partition yet, so that none is ever refused.
    op.execute("CREATE TABLE audit_log_default PARTITION OF audit_log DEFAULT")
    head = op.create_table(
        "audit_head",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", moment, nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("number = 1", name=op.f("audit_head_number_check")),
        sa.PrimaryKeyConstraint("number", name=op.f("audit_head_pkey")),
    )
    op.bulk_insert(head, [{"number": 1, "seq": 0, "at": None, "digest": bytes(32)}])
    op.create_table(
        "audit_checkpoints",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("made_at", postgresql.TIMESTAMP(timezone=True, precision=0), nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("audit_checkpoints_pkey")),
    )


def downgrade() -> None:
    op.drop_table("audit_checkpoints")
    op.drop_table("audit_head")
    op.drop_table("audit_log")
