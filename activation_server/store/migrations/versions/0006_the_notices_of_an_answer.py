"""The notices of an answer, which a retry is told again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    texts = postgresql.ARRAY(sa.Text())
    op.add_column("activations", sa.Column("notices", texts, server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("activations", "notices")
