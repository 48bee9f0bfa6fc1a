"""Every table and constraint. Every column says in `info` what kind of data it holds.

What belongs to a license is keyed by `license_id` first, so that one activation touches one
license, one transaction, one shard; look-up tables stand apart. Ids and times are made in the
application: no sequences, no triggers.
"""

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    false,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_name)s_idx",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


class Privacy(StrEnum):
    """What kind of data a column holds."""

    OPERATIONAL = "operational"  # the vendor's own: products, terms, counters
    LICENSE = "license"  # about a license, no person
    PSEUDONYM = "pseudonym"  # names a license or a computer, through which a person may be found
    DEVICE = "device"  # describes a computer
    SECRET = "secret"  # a key, wrapped or sealed  # noqa: S105 - a category, no secret


Moment = TIMESTAMP(timezone=True, precision=0)


def column(
    name: str,
    type_: TypeEngine[Any] | type[TypeEngine[Any]],
    privacy: Privacy,
    **options: Any,  # noqa: ANN401 - what SQLAlchemy's Column takes
) -> Column[Any]:
    """Declare a column that is not null unless said otherwise, with the kind of its data."""
    options.setdefault("nullable", False)
    return Column(name, type_, info={"privacy": privacy}, **options)


products = Table(
    "products",
    metadata,
    column("code", Text, Privacy.OPERATIONAL, primary_key=True),
    column("name", Text, Privacy.OPERATIONAL),
    column("algorithm", Text, Privacy.OPERATIONAL),
    column("created_at", Moment, Privacy.OPERATIONAL),
    CheckConstraint("algorithm IN ('EdDSA', 'Ed25519')", name="algorithm"),
)

policies = Table(
    "policies",
    metadata,
    column("product", Text, Privacy.OPERATIONAL, primary_key=True),
    column("name", Text, Privacy.OPERATIONAL, primary_key=True),
    column("terms", JSONB, Privacy.OPERATIONAL),
    column("created_at", Moment, Privacy.OPERATIONAL),
    ForeignKeyConstraint(["product"], ["products.code"]),
)

# On which day versions came out. A version is written by its numbers, "9.2".
releases = Table(
    "releases",
    metadata,
    column("product", Text, Privacy.OPERATIONAL, primary_key=True),
    column("version", Text, Privacy.OPERATIONAL, primary_key=True),
    column("released", Date, Privacy.OPERATIONAL),
    ForeignKeyConstraint(["product"], ["products.code"]),
)

licenses = Table(
    "licenses",
    metadata,
    column("license_id", Uuid, Privacy.PSEUDONYM, primary_key=True),
    column("product", Text, Privacy.LICENSE),
    column("policy", Text, Privacy.LICENSE),
    column("status", Text, Privacy.LICENSE),
    column("overrides", JSONB, Privacy.LICENSE),
    column("issued_at", Moment, Privacy.LICENSE),
    column("started_at", Moment, Privacy.LICENSE, nullable=True),
    column("expires_at", Moment, Privacy.LICENSE, nullable=True),
    column("maintenance_until", Moment, Privacy.LICENSE, nullable=True),
    column("order_reference", Text, Privacy.PSEUDONYM, nullable=True),
    column("key_tail", Text, Privacy.PSEUDONYM),
    column("key_sealed", LargeBinary, Privacy.SECRET),
    column("hardware_salt", LargeBinary, Privacy.SECRET),
    column("seats_used", Integer, Privacy.LICENSE),
    ForeignKeyConstraint(["product", "policy"], ["policies.product", "policies.name"]),
    CheckConstraint("status IN ('active', 'suspended', 'revoked')", name="status"),
    CheckConstraint("seats_used >= 0", name="seats_used"),
    Index(None, "key_tail"),
    Index(None, "order_reference", postgresql_where="order_reference IS NOT NULL"),
    # `seats_used` changes with every activation: room for the new version beside the old.
    postgresql_with={"fillfactor": "85"},
)

# Look-up: a license by a digest of its key. Two keys of another system that differ only in what
# folding forgives leave `license_id` empty: such a key must be typed exactly.
license_keys = Table(
    "license_keys",
    metadata,
    column("digest", LargeBinary, Privacy.PSEUDONYM, primary_key=True),
    column("license_id", Uuid, Privacy.PSEUDONYM, nullable=True),
)

activations = Table(
    "activations",
    metadata,
    column("license_id", Uuid, Privacy.PSEUDONYM, primary_key=True),
    column("activation_id", Uuid, Privacy.PSEUDONYM, primary_key=True),
    column("hardware_token", LargeBinary, Privacy.PSEUDONYM),
    column("hardware", JSONB, Privacy.PSEUDONYM),
    column("activated_at", Moment, Privacy.DEVICE),
    column("removed_at", Moment, Privacy.DEVICE, nullable=True),
    column("removed_by", Text, Privacy.DEVICE, nullable=True),
    column("seq", BigInteger, Privacy.DEVICE),
    column("fork_tip", BigInteger, Privacy.DEVICE, nullable=True),
    column("virtual", Boolean, Privacy.DEVICE, server_default=false()),
    column("leased_until", Moment, Privacy.DEVICE, nullable=True),
    column("lapsed", Boolean, Privacy.DEVICE, server_default=false()),
    column("true_from", BigInteger, Privacy.DEVICE, nullable=True),
    column("true_tip", BigInteger, Privacy.DEVICE, nullable=True),
    column("outcome", Text, Privacy.DEVICE),
    column("request_id", Uuid, Privacy.PSEUDONYM),
    column("request_digest", LargeBinary, Privacy.PSEUDONYM),
    column("nonce", LargeBinary, Privacy.DEVICE),
    column("answered_at", Moment, Privacy.DEVICE),
    column("check_in_after", Moment, Privacy.DEVICE),
    column("certificate_expires", Moment, Privacy.DEVICE, nullable=True),
    column("coverage", JSONB, Privacy.LICENSE),
    column("signing_key", SmallInteger, Privacy.OPERATIONAL),
    column("notices", ARRAY(Text), Privacy.DEVICE, server_default="{}"),
    column("app_version", Text, Privacy.DEVICE),
    column("app_edition", Text, Privacy.DEVICE, nullable=True),
    column("os_family", Text, Privacy.DEVICE),
    column("os_version", Text, Privacy.DEVICE),
    ForeignKeyConstraint(["license_id"], ["licenses.license_id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["signing_key"], ["signing_keys.number"]),
    CheckConstraint("removed_by IN ('app', 'support', 'purchase')", name="removed_by"),
    CheckConstraint("(removed_at IS NULL) = (removed_by IS NULL)", name="removed"),
    CheckConstraint("seq >= 1", name="seq"),
    Index(None, "hardware_token"),
    # No index holds what a check-in changes (but for another hardware id), and each page has room:
    # PostgreSQL updates in place (HOT).
    postgresql_with={"fillfactor": "70"},
)

# What counts per computer and product, whatever the license: its trial. Its row is locked where a
# policy allows one license per computer.
computers = Table(
    "computers",
    metadata,
    column("product", Text, Privacy.OPERATIONAL, primary_key=True),
    column("hardware_token", LargeBinary, Privacy.PSEUDONYM, primary_key=True),
    column("trial_license_id", Uuid, Privacy.PSEUDONYM, nullable=True),
    column("trial_at", Moment, Privacy.DEVICE, nullable=True),
    ForeignKeyConstraint(["product"], ["products.code"]),
    CheckConstraint("(trial_license_id IS NULL) = (trial_at IS NULL)", name="trial"),
)

# A license's history. Partitioned by month; a month that is due to go is dropped whole.
events = Table(
    "events",
    metadata,
    column("license_id", Uuid, Privacy.PSEUDONYM, primary_key=True),
    column("at", TIMESTAMP(timezone=True), Privacy.LICENSE, primary_key=True),
    column("event_id", Uuid, Privacy.OPERATIONAL, primary_key=True),
    column("kind", Text, Privacy.LICENSE),
    column("details", JSONB, Privacy.PSEUDONYM),
    ForeignKeyConstraint(["license_id"], ["licenses.license_id"], ondelete="CASCADE"),
    postgresql_partition_by="RANGE (at)",
)

# The last refusal of each kind, for support: as many rows as there are codes, however often an
# app asks.
refusals = Table(
    "refusals",
    metadata,
    column("license_id", Uuid, Privacy.PSEUDONYM, primary_key=True),
    column("code", Text, Privacy.LICENSE, primary_key=True),
    column("at", Moment, Privacy.LICENSE),
    column("times", Integer, Privacy.LICENSE),
    column("evidence", JSONB, Privacy.PSEUDONYM),
    ForeignKeyConstraint(["license_id"], ["licenses.license_id"], ondelete="CASCADE"),
    postgresql_with={"fillfactor": "70"},
)

signing_keys = Table(
    "signing_keys",
    metadata,
    column("number", SmallInteger, Privacy.OPERATIONAL, primary_key=True, autoincrement=False),
    column("kid", Text, Privacy.OPERATIONAL, unique=True),
    column("public", LargeBinary, Privacy.OPERATIONAL),
    column("wrapped_seed", LargeBinary, Privacy.SECRET),
    column("created_at", Moment, Privacy.OPERATIONAL),
    column("product", Text, Privacy.OPERATIONAL, nullable=True),  # empty: of all products
    column("signs_since", Moment, Privacy.OPERATIONAL, nullable=True),
    # No certificate signed with it is valid longer, those that were replaced included. Moved
    # ahead in steps by the answers themselves; the year 9999 where one has no end.
    column("covers_until", Moment, Privacy.OPERATIONAL, nullable=True),
    column("retired_at", Moment, Privacy.OPERATIONAL, nullable=True),
    column("retirement", Text, Privacy.OPERATIONAL, nullable=True),
    column("reason", Text, Privacy.OPERATIONAL, nullable=True),
    ForeignKeyConstraint(["product"], ["products.code"]),
    CheckConstraint("retirement IN ('over', 'compromised')", name="retirement"),
    CheckConstraint("(retired_at IS NULL) = (retirement IS NULL)", name="retired"),
)

wrapped_secrets = Table(
    "wrapped_secrets",
    metadata,
    column("name", Text, Privacy.OPERATIONAL, primary_key=True),
    column("wrapped", LargeBinary, Privacy.SECRET),
    column("created_at", Moment, Privacy.OPERATIONAL),
)
