"""What people's data was before it was put right, as digests: apps go on repeating it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people", sa.Column("superseded", postgresql.ARRAY(sa.Text())))


def downgrade() -> None:
    op.drop_column("people", "superseded")
