"""The tables of the main job."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "license_keys",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("license_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("license_keys_pkey")),
    )
    op.create_table(
        "products",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True, precision=0), nullable=False),
        sa.CheckConstraint(
            "algorithm IN ('EdDSA', 'Ed25519')", name=op.f("products_algorithm_check")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("products_pkey")),
    )
    op.create_table(
        "signing_keys",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_seed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True, precision=0), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("signing_keys_pkey")),
        sa.UniqueConstraint("kid", name=op.f("signing_keys_kid_key")),
    )
    op.create_table(
        "wrapped_secrets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True, precision=0), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("wrapped_secrets_pkey")),
    )
    op.create_table(
        "policies",
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True, precision=0), nullable=False),
        sa.ForeignKeyConstraint(["product"], ["products.code"], name=op.f("policies_product_fkey")),
        sa.PrimaryKeyConstraint("product", "name", name=op.f("policies_pkey")),
    )
    op.create_table(
        "licenses",
        sa.Column("license_id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("overrides", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("issued_at", postgresql.TIMESTAMP(timezone=True, precision=0), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True, precision=0), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True, precision=0), nullable=True),
        sa.Column(
            "maintenance_until", postgresql.TIMESTAMP(timezone=True, precision=0), nullable=True
        ),
        sa.Column("order_reference", sa.Text(), nullable=True),
        sa.Column("key_tail", sa.Text(), nullable=False),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("hardware_salt", sa.LargeBinary(), nullable=False),
        sa.Column("seats_used", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'suspended', 'revoked')", name=op.f("licenses_status_check")
        ),
        sa.CheckConstraint("seats_used >= 0", name=op.f("licenses_seats_used_check")),
        sa.ForeignKeyConstraint(
            ["product", "policy"],
            ["policies.product", "policies.name"],
            name=op.f("licenses_product_fkey"),
        ),
        sa.PrimaryKeyConstraint("license_id", name=op.f("licenses_pkey")),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_index(op.f("licenses_key_tail_idx"), "licenses", ["key_tail"], unique=False)
    op.create_index(
        op.f("licenses_order_reference_idx"),
        "licenses",
        ["order_reference"],
        unique=False,
        postgresql_where="order_reference IS NOT NULL",
    )
    op.create_table(
        "activations",
        sa.Column("license_id", sa.Uuid(), nullable=False),
        sa.Column("activation_id", sa.Uuid(), nullable=False),
        sa.Column("hardware_token", sa.LargeBinary(), nullable=False),
        sa.Column("hardware", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("activated_at", postgresql.TIMESTAMP(timezone=True, precision=0), nullable=False),
        sa.Column("removed_at", postgresql.TIMESTAMP(timezone=True, precision=0), nullable=True),
        sa.Column("removed_by", sa.Text(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("fork_tip", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("answered_at", postgresql.TIMESTAMP(timezone=True, precision=0), nullable=False),
        sa.Column(
            "check_in_after", postgresql.TIMESTAMP(timezone=True, precision=0), nullable=False
        ),
        sa.Column(
            "certificate_expires", postgresql.TIMESTAMP(timezone=True, precision=0), nullable=True
        ),
        sa.Column("coverage", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("signing_key", sa.SmallInteger(), nullable=False),
        sa.Column("app_version", sa.Text(), nullable=False),
        sa.Column("app_edition", sa.Text(), nullable=True),
        sa.Column("os_family", sa.Text(), nullable=False),
        sa.Column("os_version", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "removed_by IN ('app', 'support')", name=op.f("activations_removed_by_check")
        ),
        sa.CheckConstraint(
            "(removed_at IS NULL) = (removed_by IS NULL)", name=op.f("activations_removed_check")
        ),
        sa.CheckConstraint("seq >= 1", name=op.f("activations_seq_check")),
        sa.ForeignKeyConstraint(
            ["license_id"],
            ["licenses.license_id"],
            name=op.f("activations_license_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["signing_key"], ["signing_keys.number"], name=op.f("activations_signing_key_fkey")
        ),
        sa.PrimaryKeyConstraint("license_id", "activation_id", name=op.f("activations_pkey")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(
        op.f("activations_hardware_token_idx"), "activations", ["hardware_token"], unique=False
    )
    op.create_table(
        "events",
        sa.Column("license_id", sa.Uuid(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["license_id"],
            ["licenses.license_id"],
            name=op.f("events_license_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("license_id", "at", "event_id", name=op.f("events_pkey")),
        postgresql_partition_by="RANGE (at)",
    )
    # Takes the rows of a month that has no partition yet, so that none is ever refused.
    op.execute("CREATE TABLE events_default PARTITION OF events DEFAULT")
    op.create_table(
        "refusals",
        sa.Column("license_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True, precision=0), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["license_id"],
            ["licenses.license_id"],
            name=op.f("refusals_license_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("license_id", "code", name=op.f("refusals_pkey")),
        postgresql_with={"fillfactor": "70"},
    )


def downgrade() -> None:
    op.drop_table("refusals")
    op.drop_table("events")
    op.drop_index(op.f("activations_hardware_token_idx"), table_name="activations")
    op.drop_table("activations")
    op.drop_index(
        op.f("licenses_order_reference_idx"),
        table_name="licenses",
        postgresql_where="order_reference IS NOT NULL",
    )
    op.drop_index(op.f("licenses_key_tail_idx"), table_name="licenses")
    op.drop_table("licenses")
    op.drop_table("policies")
    op.drop_table("wrapped_secrets")
    op.drop_table("signing_keys")
    op.drop_table("products")
    op.drop_table("license_keys")
