"""Activations in fewer bytes: packed hardware and coverage, columns in an order without gaps."""

import base64
import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True, precision=0)

# The names that have a byte of their own, as `store/packed.py` has them.
_NAMED = (
    "hardware_id",
    "machine_key",
    "system_uuid",
    "board_serial",
    "disk_serial",
    "os_machine_id",
    "board_model",
    "cpu",
    "memory",
    "bios",
    "tpm",
    "mac",
)
_CODES = ", ".join(f"('{name}', {code})" for code, name in enumerate(_NAMED, 1))
_HARDWARE = f"""
    (SELECT coalesce(string_agg(
        CASE WHEN code IS NULL
            THEN '\\x00'::bytea || set_byte('\\x00'::bytea, 0, octet_length(key) / 256)
                || set_byte('\\x00'::bytea, 0, octet_length(key) % 256) || convert_to(key, 'UTF8')
            ELSE set_byte('\\x00'::bytea, 0, code)
        END || decode(value, 'base64'), ''::bytea ORDER BY key COLLATE "C"), ''::bytea)
    FROM jsonb_each_text(hardware) LEFT JOIN (VALUES {_CODES}) named (name, code) ON name = key)
"""  # noqa: S608 - made of constants
_COVERAGE = """
    (jsonb_build_array(
        coverage -> 'edition',
        left(coverage ->> 'kind', 1),
        coverage -> 'seats',
        extract(epoch FROM (coverage ->> 'expires')::timestamptz)::bigint,
        extract(epoch FROM (coverage ->> 'maintenance_until')::timestamptz)::bigint
    ) || (coverage -> 'features'))::text
"""
_AS_BEFORE = (
    "license_id, activation_id, activated_at, removed_at, leased_until, answered_at, "
    "check_in_after, certificate_expires, seq, fork_tip, true_from, true_tip, request_id, "
    "signing_key, virtual, lapsed, request_digest, nonce, hardware_token, outcome, removed_by, "
    "app_version, app_edition, os_family, os_version, told_digest"
)


def upgrade() -> None:
    op.drop_constraint("person_computers_license_id_fkey", "person_computers", type_="foreignkey")
    op.rename_table("activations", "activations_before")
    for name in ("hardware_token_idx", "removed_at_idx"):
        op.drop_index(f"activations_{name}", "activations_before")
    op.drop_constraint("activations_pkey", "activations_before", type_="primary")
    _create_table()
    op.execute(
        f"INSERT INTO activations ({_AS_BEFORE}, notices, hardware, coverage) "  # noqa: S608 - constants
        f"SELECT {_AS_BEFORE}, nullif(notices, '{{}}'), {_HARDWARE}, {_COVERAGE} "
        "FROM activations_before"
    )
    op.drop_table("activations_before")
    op.create_primary_key("activations_pkey", "activations", ["license_id", "activation_id"])
    op.create_index("activations_hardware_token_idx", "activations", ["hardware_token"])
    op.create_index(
        "activations_removed_at_idx",
        "activations",
        ["removed_at"],
        postgresql_where=sa.text("removed_at IS NOT NULL"),
    )
    _add_foreign_keys()


def _create_table() -> None:
    op.create_table(
        "activations",
        sa.Column("license_id", sa.Uuid(), nullable=False),
        sa.Column("activation_id", sa.Uuid(), nullable=False),
        sa.Column("activated_at", MOMENT, nullable=False),
        sa.Column("removed_at", MOMENT),
        sa.Column("leased_until", MOMENT),
        sa.Column("answered_at", MOMENT, nullable=False),
        sa.Column("check_in_after", MOMENT, nullable=False),
        sa.Column("certificate_expires", MOMENT),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("fork_tip", sa.BigInteger()),
        sa.Column("true_from", sa.BigInteger()),
        sa.Column("true_tip", sa.BigInteger()),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("signing_key", sa.SmallInteger(), nullable=False),
        sa.Column("virtual", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("lapsed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("hardware_token", sa.LargeBinary(), nullable=False),
        sa.Column("hardware", sa.LargeBinary(), nullable=False),
        sa.Column("coverage", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("notices", postgresql.ARRAY(sa.Text())),
        sa.Column("removed_by", sa.Text()),
        sa.Column("app_version", sa.Text(), nullable=False),
        sa.Column("app_edition", sa.Text()),
        sa.Column("os_family", sa.Text(), nullable=False),
        sa.Column("os_version", sa.Text(), nullable=False),
        sa.Column("told_digest", sa.LargeBinary()),
        sa.CheckConstraint(
            "removed_by IN ('app', 'support', 'purchase')",
            name=op.f("activations_removed_by_check"),
        ),
        sa.CheckConstraint(
            "(removed_at IS NULL) = (removed_by IS NULL)", name=op.f("activations_removed_check")
        ),
        sa.CheckConstraint("seq >= 1", name=op.f("activations_seq_check")),
        postgresql_with={"fillfactor": "90"},
    )


def _add_foreign_keys() -> None:
    op.create_foreign_key(
        "activations_license_id_fkey",
        "activations",
        "licenses",
        ["license_id"],
        ["license_id"],
        ondelete="CASCADE",
    )
    op.create_foreign_key(
        "activations_signing_key_fkey", "activations", "signing_keys", ["signing_key"], ["number"]
    )
    op.create_foreign_key(
        "person_computers_license_id_fkey",
        "person_computers",
        "activations",
        ["license_id", "activation_id"],
        ["license_id", "activation_id"],
        ondelete="CASCADE",
    )


def downgrade() -> None:
    """Write the two columns as JSON again; the order of the columns stays."""
    for name in ("hardware", "coverage"):
        op.alter_column("activations", name, new_column_name=f"packed_{name}")
        op.add_column("activations", sa.Column(name, postgresql.JSONB()))
    connection = op.get_bind()
    rows = connection.execute(
        sa.text("SELECT activation_id, packed_hardware, packed_coverage FROM activations")
    )
    written = sa.text(
        "UPDATE activations SET hardware = CAST(:hardware AS jsonb), "
        "coverage = CAST(:coverage AS jsonb) WHERE activation_id = :activation_id"
    )
    for activation_id, hardware, coverage in rows.all():
        values = {"hardware": json.dumps(_unpacked(hardware)), "coverage": _json(coverage)}
        connection.execute(written, {"activation_id": activation_id, **values})
    op.execute("UPDATE activations SET notices = '{}' WHERE notices IS NULL")
    op.alter_column("activations", "notices", nullable=False, server_default="{}")
    for name in ("hardware", "coverage"):
        op.alter_column("activations", name, nullable=False)
        op.drop_column("activations", f"packed_{name}")
    op.execute("ALTER TABLE activations SET (fillfactor = 70)")


def _unpacked(stored: bytes) -> dict[str, str]:
    digests, rest = {}, stored
    while rest:
        code, rest = rest[0], rest[1:]
        if code:
            name = _NAMED[code - 1]
        else:
            length, rest = int.from_bytes(rest[:2]), rest[2:]
            name, rest = rest[:length].decode(), rest[length:]
        digests[name], rest = base64.b64encode(rest[:16]).decode(), rest[16:]
    return digests


def _json(stored: str) -> str:
    edition, kind, seats, expires, maintenance_until, *features = json.loads(stored)

    def moment(seconds: int | None) -> str | None:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()

    kinds = {"p": "perpetual", "s": "subscription", "t": "trial"}
    values = {"edition": edition, "kind": kinds[kind], "seats": seats, "features": features}
    ends = {"expires": moment(expires), "maintenance_until": moment(maintenance_until)}
    return json.dumps(values | ends)
