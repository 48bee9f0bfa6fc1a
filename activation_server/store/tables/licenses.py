"""Licenses, the computers that use them, and their history."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    false,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

from activation_server.rules import personal_data as kind
from activation_server.rules import retention
from activation_server.store.tables.declaring import Moment, column, metadata

licenses = Table(
    "licenses",
    metadata,
    column("license_id", Uuid, kind.LICENSE_ID, primary_key=True),
    column("product", Text, kind.LICENSE_FACT),
    column("policy", Text, kind.LICENSE_FACT),
    column("status", Text, kind.LICENSE_FACT),
    column("status_at", Moment, kind.LICENSE_FACT),  # since when
    column("overrides", JSONB, kind.LICENSE_FACT),
    column("issued_at", Moment, kind.LICENSE_FACT),
    column("started_at", Moment, kind.LICENSE_FACT, nullable=True),
    column("expires_at", Moment, kind.LICENSE_FACT, nullable=True),
    column("maintenance_until", Moment, kind.LICENSE_FACT, nullable=True),
    column("order_sealed", LargeBinary, kind.ORDER, nullable=True),
    column("order_token", Integer, kind.INDEX.kept(retention.LICENSE), nullable=True),
    column("key_tail", Text, kind.KEY_TAIL),
    column("key_sealed", LargeBinary, kind.SEALED_KEY),
    column("hardware_salt", LargeBinary, kind.SALT),
    column("seats_used", Integer, kind.LICENSE_FACT),
    column("transfer_allowed_at", Moment, kind.LICENSE_FACT, nullable=True),  # one more, if unused
    column("converted_at", Moment, kind.LICENSE_FACT, nullable=True),  # from a trial, by a purchase
    ForeignKeyConstraint(["product", "policy"], ["policies.product", "policies.name"]),
    CheckConstraint("status IN ('active', 'suspended', 'revoked')", name="status"),
    CheckConstraint("seats_used >= 0", name="seats_used"),
    Index(None, "key_tail"),
    Index("licenses_product_policy_idx", "product", "policy"),
    Index(None, "status", postgresql_where="status <> 'active'"),
    Index(None, "order_token", postgresql_where="order_token IS NOT NULL"),
    # `seats_used` changes with every activation: room for the new version beside the old.
    postgresql_with={"fillfactor": "85"},
    info={"about": "What was sold, given for a trial or imported."},
)

# Look-up: a license by a digest of its key. Two keys of another system that differ only in what
# folding forgives leave `license_id` empty: such a key must be typed exactly.
license_keys = Table(
    "license_keys",
    metadata,
    column("digest", LargeBinary, kind.KEY_DIGEST, primary_key=True),
    column("license_id", Uuid, kind.LICENSE_ID, nullable=True),
    column("replaced_at", Moment, kind.LICENSE_FACT, nullable=True),  # by a new key of the license
    info={"about": "Which license a key belongs to."},
)

activations = Table(
    "activations",
    metadata,
    # In the order that wastes no byte on alignment: there are millions of these rows.
    column("license_id", Uuid, kind.LICENSE_ID.kept(retention.SEAT), primary_key=True),
    column("activation_id", Uuid, kind.ACTIVATION_ID, primary_key=True),
    column("activated_at", Moment, kind.SEAT_FACT),
    column("removed_at", Moment, kind.SEAT_FACT, nullable=True),
    column("leased_until", Moment, kind.SEAT_FACT, nullable=True),
    column("answered_at", Moment, kind.LAST_ANSWER),
    column("check_in_after", Moment, kind.LAST_ANSWER),
    column("certificate_expires", Moment, kind.LAST_ANSWER, nullable=True),
    column("seq", BigInteger, kind.BRANCH),
    column("fork_tip", BigInteger, kind.BRANCH, nullable=True),
    column("true_from", BigInteger, kind.BRANCH, nullable=True),
    column("true_tip", BigInteger, kind.BRANCH, nullable=True),
    column("request_id", Uuid, kind.LAST_REQUEST),
    column("signing_key", SmallInteger, kind.LAST_ANSWER),
    column("virtual", Boolean, kind.SEAT_FACT, server_default=false()),
    column("lapsed", Boolean, kind.SEAT_FACT, server_default=false()),
    column("request_digest", LargeBinary, kind.LAST_REQUEST),
    column("nonce", LargeBinary, kind.LAST_REQUEST),
    column("hardware_token", LargeBinary, kind.COMPUTER),
    column("hardware", LargeBinary, kind.HARDWARE),  # as `packed` has it, like `coverage`
    column("coverage", Text, kind.LICENSE_FACT.kept(retention.SEAT)),
    column("outcome", Text, kind.LAST_ANSWER),
    column("notices", ARRAY(Text), kind.LAST_ANSWER, nullable=True),
    column("removed_by", Text, kind.SEAT_FACT, nullable=True),
    column("app_version", Text, kind.SOFTWARE),
    column("app_edition", Text, kind.SOFTWARE, nullable=True),
    column("os_family", Text, kind.SOFTWARE),
    column("os_version", Text, kind.SOFTWARE),
    # Empty after the person's data was erased: then nothing is stored until a new activation.
    column("told_digest", LargeBinary, kind.TOLD, nullable=True),
    ForeignKeyConstraint(["license_id"], ["licenses.license_id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["signing_key"], ["signing_keys.number"]),
    CheckConstraint("removed_by IN ('app', 'allowed', 'support', 'purchase')", name="removed_by"),
    CheckConstraint("(removed_at IS NULL) = (removed_by IS NULL)", name="removed"),
    CheckConstraint("seq >= 1", name="seq"),
    Index(None, "hardware_token"),
    Index(None, "removed_at", postgresql_where="removed_at IS NOT NULL"),
    # No index holds what a check-in changes (but for another hardware id), and each page has room
    # for two new rows: PostgreSQL updates in place (HOT).
    postgresql_with={"fillfactor": "90"},
    info={"about": "The computers of a license, each with its last answer."},
)

# What counts per computer and product, whatever the license: its trial. Its row is locked where a
# policy allows one license per computer.
computers = Table(
    "computers",
    metadata,
    column("product", Text, kind.TRIAL, primary_key=True),
    column("hardware_token", LargeBinary, kind.COMPUTER.kept(retention.TRIAL), primary_key=True),
    column("trial_license_id", Uuid, kind.TRIAL, nullable=True),
    column("trial_at", Moment, kind.TRIAL, nullable=True),
    ForeignKeyConstraint(["product"], ["products.code"]),
    CheckConstraint("(trial_license_id IS NULL) = (trial_at IS NULL)", name="trial"),
    info={"about": "What counts for a computer and a product, whatever the license."},
)

# A license's history. Partitioned by month; a month that is due to go is dropped whole.
events = Table(
    "events",
    metadata,
    column("license_id", Uuid, kind.LICENSE_ID.kept(retention.HISTORY), primary_key=True),
    column("at", TIMESTAMP(timezone=True), kind.HISTORY, primary_key=True),
    column("event_id", Uuid, kind.HISTORY, primary_key=True),
    column("kind", Text, kind.HISTORY),
    column("details", JSONB, kind.DETAILS),
    column("words", LargeBinary, kind.WORDS, nullable=True),  # of an operator, sealed
    # The one that most lines are about: 16 bytes, where `details` would take 57.
    column("of_activation_id", Uuid, kind.ACTIVATION_ID.kept(retention.HISTORY), nullable=True),
    ForeignKeyConstraint(["license_id"], ["licenses.license_id"], ondelete="CASCADE"),
    Index("events_network_idx", "at", postgresql_where="details ? 'network'"),
    postgresql_partition_by="RANGE (at)",
    info={"about": "What happened to a license."},
)

# The last refusal of each kind, for support: as many rows as there are codes, however often an
# app asks.
refusals = Table(
    "refusals",
    metadata,
    column("license_id", Uuid, kind.LICENSE_ID.kept(retention.REFUSALS), primary_key=True),
    column("code", Text, kind.REFUSAL, primary_key=True),
    column("at", Moment, kind.REFUSAL),
    column("times", Integer, kind.REFUSAL),
    column("evidence", JSONB, kind.EVIDENCE),
    ForeignKeyConstraint(["license_id"], ["licenses.license_id"], ondelete="CASCADE"),
    Index("refusals_network_idx", "at", postgresql_where="evidence ? 'network'"),
    postgresql_with={"fillfactor": "70"},
    info={"about": "The last refusals of a license."},
)
