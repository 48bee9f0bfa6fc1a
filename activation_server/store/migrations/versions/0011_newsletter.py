"""The newsletter: consents with their evidence, and addresses that get none."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True, precision=0)


def upgrade() -> None:
    op.create_table(
        "newsletter_consents",
        sa.Column("license_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("email_digest", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("app_version", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("confirmed_by", sa.Text()),
        sa.Column("withdrawn_at", MOMENT),
        sa.Column("withdrawn_by", sa.Text()),
        sa.PrimaryKeyConstraint("license_id", "person_id", name="newsletter_consents_pkey"),
        sa.ForeignKeyConstraint(
            ["license_id", "person_id"],
            ["people.license_id", "people.person_id"],
            name="newsletter_consents_license_id_fkey",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "state IN ('unconfirmed', 'confirmed', 'withdrawn')",
            name="newsletter_consents_state_check",
        ),
        sa.CheckConstraint(
            "state <> 'confirmed' OR confirmed_at IS NOT NULL",
            name="newsletter_consents_confirmed_check",
        ),
        sa.CheckConstraint(
            "(state = 'withdrawn') = (withdrawn_at IS NOT NULL)",
            name="newsletter_consents_withdrawn_check",
        ),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_by IS NULL)",
            name="newsletter_consents_confirmed_by_check",
        ),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)",
            name="newsletter_consents_withdrawn_by_check",
        ),
    )
    op.create_index("newsletter_consents_email_digest_idx", "newsletter_consents", ["email_digest"])
    op.create_table(
        "newsletter_suppressions",
        sa.Column("email_digest", sa.LargeBinary(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("email_digest", name="newsletter_suppressions_pkey"),
    )


def downgrade() -> None:
    op.drop_table("newsletter_suppressions")
    op.drop_table("newsletter_consents")
