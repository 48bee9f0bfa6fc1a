"""The day on which a member of staff used the console last."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff", sa.Column("seen_on", sa.Date()))


def downgrade() -> None:
    op.drop_column("staff", "seen_on")
