"""One more transfer than the policy's, which support allows once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = postgresql.TIMESTAMP(timezone=True, precision=0)
    op.add_column("licenses", sa.Column("transfer_allowed_at", moment))
    _allow("'app', 'allowed', 'support', 'purchase'")


def downgrade() -> None:
    op.execute("UPDATE activations SET removed_by = 'app' WHERE removed_by = 'allowed'")
    _allow("'app', 'support', 'purchase'")
    op.drop_column("licenses", "transfer_allowed_at")


def _allow(allowed: str) -> None:
    name = op.f("activations_removed_by_check")
    op.drop_constraint(name, "activations")
    op.create_check_constraint(name, "activations", f"removed_by IN ({allowed})")
