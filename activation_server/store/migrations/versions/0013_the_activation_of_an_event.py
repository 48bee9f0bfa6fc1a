"""The activation that a line of history is about in a column: a third of its row's bytes."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("of_activation_id", sa.Uuid()))
    op.execute(
        "UPDATE events SET of_activation_id = (details ->> 'activation_id')::uuid, "
        "details = details - 'activation_id' WHERE details ? 'activation_id'"
    )


def downgrade() -> None:
    op.execute(
        "UPDATE events SET details = details || jsonb_build_object('activation_id', "
        "of_activation_id) WHERE of_activation_id IS NOT NULL"
    )
    op.drop_column("events", "of_activation_id")
