"""A branch of a forked activation that support declared the true one."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("true_from", "true_tip"):
        op.add_column("activations", sa.Column(name, sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for name in ("true_tip", "true_from"):
        op.drop_column("activations", name)
