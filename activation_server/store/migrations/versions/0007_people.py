"""People: who bought a license and who uses it, sealed, with their blind index."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True, precision=0)


def upgrade() -> None:
    # References that stand in clear can't be sealed here, without the keys: there is no release
    # yet that wrote them.
    op.drop_index("licenses_order_reference_idx", "licenses")
    op.drop_column("licenses", "order_reference")
    op.add_column("licenses", sa.Column("order_sealed", sa.LargeBinary()))
    op.add_column("licenses", sa.Column("order_token", sa.Integer()))
    op.create_index(
        "licenses_order_token_idx",
        "licenses",
        ["order_token"],
        postgresql_where=sa.text("order_token IS NOT NULL"),
    )
    op.add_column("activations", sa.Column("told_digest", sa.LargeBinary()))
    op.create_table(
        "people",
        sa.Column("license_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary()),
        sa.Column("name", sa.LargeBinary()),
        sa.Column("company", sa.LargeBinary()),
        sa.Column("email", sa.LargeBinary()),
        sa.Column("tokens", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("contacted_at", MOMENT, nullable=False),
        sa.Column("keep_months", sa.SmallInteger()),
        sa.Column("erased_at", MOMENT),
        sa.PrimaryKeyConstraint("license_id", "person_id", name="people_pkey"),
        sa.ForeignKeyConstraint(
            ["license_id"],
            ["licenses.license_id"],
            name="people_license_id_fkey",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("role IN ('buyer', 'user')", name="people_role_check"),
        sa.CheckConstraint("keep_months BETWEEN 1 AND 1200", name="people_keep_months_check"),
        sa.CheckConstraint(
            "(wrapped_key IS NULL) = (erased_at IS NOT NULL)", name="people_erased_check"
        ),
    )
    op.create_index("people_tokens_idx", "people", ["tokens"], postgresql_using="gin")
    op.create_index(
        "people_contacted_at_idx",
        "people",
        ["contacted_at"],
        postgresql_where=sa.text("erased_at IS NULL"),
    )
    op.create_index(
        "people_keep_months_idx",
        "people",
        ["keep_months"],
        postgresql_where=sa.text("keep_months IS NOT NULL"),
    )
    op.create_table(
        "person_computers",
        sa.Column("license_id", sa.Uuid(), nullable=False),
        sa.Column("activation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("computer_name", sa.LargeBinary()),
        sa.Column("comments", sa.LargeBinary()),
        sa.Column("commented_at", MOMENT),
        sa.PrimaryKeyConstraint("license_id", "activation_id", name="person_computers_pkey"),
        sa.ForeignKeyConstraint(
            ["license_id", "activation_id"],
            ["activations.license_id", "activations.activation_id"],
            name="person_computers_license_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["license_id", "person_id"],
            ["people.license_id", "people.person_id"],
            name="person_computers_person_id_fkey",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "(comments IS NULL) = (commented_at IS NULL)", name="person_computers_commented_check"
        ),
    )
    op.create_index(
        "person_computers_license_id_idx", "person_computers", ["license_id", "person_id"]
    )
    op.create_index(
        "person_computers_commented_at_idx",
        "person_computers",
        ["commented_at"],
        postgresql_where=sa.text("commented_at IS NOT NULL"),
    )

    op.add_column("events", sa.Column("words", sa.LargeBinary()))
    op.create_table(
        "note_keys",
        sa.Column("license_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("license_id", name="note_keys_pkey"),
        sa.ForeignKeyConstraint(
            ["license_id"],
            ["licenses.license_id"],
            name="note_keys_license_id_fkey",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "erasure_position",
        sa.Column("one", sa.Boolean(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("one", name="erasure_position_pkey"),
        sa.CheckConstraint("one", name="erasure_position_one_check"),
    )


def downgrade() -> None:
    op.drop_column("licenses", "order_token")
    op.drop_column("licenses", "order_sealed")
    op.add_column("licenses", sa.Column("order_reference", sa.Text()))
    op.create_index(
        "licenses_order_reference_idx",
        "licenses",
        ["order_reference"],
        postgresql_where=sa.text("order_reference IS NOT NULL"),
    )
    op.drop_table("erasure_position")
    op.drop_table("note_keys")
    op.drop_column("events", "words")
    op.drop_table("person_computers")
    op.drop_table("people")
    op.drop_column("activations", "told_digest")
