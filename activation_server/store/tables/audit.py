"""Who looked and what they did, chained."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP

from activation_server.rules import personal_data as kind
from activation_server.rules import retention
from activation_server.store.tables.declaring import Moment, column, metadata

# Who looked. Partitioned by month; `seq` goes up by one, and is unique by the head's lock. What is
# digested is stored as it is: `details` are the text of a JSON object.
audit_log = Table(
    "audit_log",
    metadata,
    column("at", TIMESTAMP(timezone=True), kind.DEED, primary_key=True),
    column("seq", BigInteger, kind.PROOF, primary_key=True),
    column("who", Text, kind.OPERATOR),
    column("action", Text, kind.DEED),
    column("license_id", Uuid, kind.LICENSE_ID.kept(retention.AUDIT), nullable=True),
    column("subject", Text, kind.DEED, nullable=True),
    column("details", Text, kind.DEED),
    column("why_sealed", LargeBinary, kind.SEALED_REASON, nullable=True),
    column("previous", LargeBinary, kind.PROOF),
    column("digest", LargeBinary, kind.PROOF),
    Index(None, "seq"),
    Index(None, "license_id", postgresql_where="license_id IS NOT NULL"),
    postgresql_partition_by="RANGE (at)",
    info={"about": "What operators looked at and did, each entry chained to the one before."},
)

# One row, locked by whoever appends: so the chain never forks. Operators alone wait for it.
audit_head = Table(
    "audit_head",
    metadata,
    column("number", SmallInteger, kind.PROOF, primary_key=True, autoincrement=False),
    column("seq", BigInteger, kind.PROOF),
    column("at", TIMESTAMP(timezone=True), kind.PROOF, nullable=True),
    column("digest", LargeBinary, kind.PROOF),
    CheckConstraint("number = 1", name="number"),
    info={"about": "The last entry of the audit log."},
)

audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    column("seq", BigInteger, kind.PROOF, primary_key=True, autoincrement=False),
    column("made_at", Moment, kind.PROOF),
    column("jws", Text, kind.PROOF),
    info={"about": "What the server signed of the audit log: entries that it came to."},
)
