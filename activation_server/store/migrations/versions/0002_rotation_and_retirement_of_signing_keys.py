"""Rotation and retirement of signing keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENTS = ("signs_since", "covers_until", "retired_at")
_TEXTS = ("product", "retirement", "reason")


def upgrade() -> None:
    for name in _MOMENTS:
        moment = postgresql.TIMESTAMP(timezone=True, precision=0)
        op.add_column("signing_keys", sa.Column(name, moment, nullable=True))
    for name in _TEXTS:
        op.add_column("signing_keys", sa.Column(name, sa.Text(), nullable=True))
    op.create_foreign_key(
        op.f("signing_keys_product_fkey"), "signing_keys", "products", ["product"], ["code"]
    )
    op.create_check_constraint(
        op.f("signing_keys_retirement_check"),
        "signing_keys",
        "retirement IN ('over', 'compromised')",
    )
    op.create_check_constraint(
        op.f("signing_keys_retired_check"),
        "signing_keys",
        "(retired_at IS NULL) = (retirement IS NULL)",
    )
    # The keys so far signed from their making on. What they cover is what is known of it.
    op.execute(
        """
        UPDATE signing_keys SET signs_since = created_at, covers_until = (
            SELECT max(coalesce(certificate_expires, '9999-12-31 23:59:59+00'))
            FROM activations WHERE signing_key = number
        )
        """
    )


def downgrade() -> None:
    op.drop_constraint(op.f("signing_keys_retired_check"), "signing_keys", type_="check")
    op.drop_constraint(op.f("signing_keys_retirement_check"), "signing_keys", type_="check")
    op.drop_constraint(op.f("signing_keys_product_fkey"), "signing_keys", type_="foreignkey")
    for name in (*_TEXTS, *_MOMENTS):
        op.drop_column("signing_keys", name)
