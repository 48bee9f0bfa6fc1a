"""The admin API: tokens of the vendor's tools, answers for repeated requests, lists of licenses."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True, precision=0)


def upgrade() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("last_used", sa.Date()),
        sa.Column("revoked_at", MOMENT),
        sa.PrimaryKeyConstraint("name", name="api_tokens_pkey"),
        sa.UniqueConstraint("digest", name="api_tokens_digest_key"),
    )
    op.create_table(
        "tool_answers",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("key_digest", sa.LargeBinary(), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("answered_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("actor", "key_digest", name="tool_answers_pkey"),
    )
    op.create_index("tool_answers_answered_at_idx", "tool_answers", ["answered_at"])
    op.create_index("licenses_product_policy_idx", "licenses", ["product", "policy"])
    op.create_index(
        "licenses_status_idx",
        "licenses",
        ["status"],
        postgresql_where=sa.text("status <> 'active'"),
    )


def downgrade() -> None:
    op.drop_index("licenses_status_idx", "licenses")
    op.drop_index("licenses_product_policy_idx", "licenses")
    op.drop_table("tool_answers")
    op.drop_table("api_tokens")
