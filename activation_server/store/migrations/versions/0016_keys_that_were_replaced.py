"""Keys of licenses that were replaced by new ones: they still lead to the license, and say so."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = postgresql.TIMESTAMP(timezone=True, precision=0)
    op.add_column("license_keys", sa.Column("replaced_at", moment))


def downgrade() -> None:
    op.drop_column("license_keys", "replaced_at")
