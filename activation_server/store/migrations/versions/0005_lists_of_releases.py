"""Products' lists of releases."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "releases",
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("released", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["product"], ["products.code"], name=op.f("releases_product_fkey")),
        sa.PrimaryKeyConstraint("product", "version", name=op.f("releases_pkey")),
    )


def downgrade() -> None:
    op.drop_table("releases")
