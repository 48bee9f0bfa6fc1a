"""Trials that were turned into licenses: they are none any more, whatever their computers say."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = postgresql.TIMESTAMP(timezone=True, precision=0)
    op.add_column("licenses", sa.Column("converted_at", moment))


def downgrade() -> None:
    op.drop_column("licenses", "converted_at")
