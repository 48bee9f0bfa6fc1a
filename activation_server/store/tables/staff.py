"""Staff, how they sign in, and the vendor's own tools."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from activation_server.rules import personal_data as kind
from activation_server.rules import retention
from activation_server.store.tables.declaring import Moment, column, metadata

# Of the vendor's own tools. A name is given once: the audit log tells who acted by it.
api_tokens = Table(
    "api_tokens",
    metadata,
    column("name", Text, kind.API_TOKEN, primary_key=True),
    column("digest", LargeBinary, kind.API_TOKEN, unique=True),
    column("scopes", ARRAY(Text), kind.API_TOKEN),
    column("made_by", Text, kind.OPERATOR.kept(retention.TOKENS)),
    column("made_at", Moment, kind.API_TOKEN),
    column("expires_at", Moment, kind.API_TOKEN),
    column("last_used", Date, kind.API_TOKEN, nullable=True),
    column("revoked_at", Moment, kind.API_TOKEN, nullable=True),
    info={"about": "Tokens with which the vendor's own tools call the admin API."},
)

# What tools changed lately, by the key of their request.
tool_answers = Table(
    "tool_answers",
    metadata,
    column("actor", Text, kind.TOOL_REQUEST, primary_key=True),
    column("key_digest", LargeBinary, kind.TOOL_REQUEST, primary_key=True),
    column("request_digest", LargeBinary, kind.TOOL_REQUEST),
    column("answer", LargeBinary, kind.TOOL_ANSWER),
    column("answered_at", Moment, kind.TOOL_REQUEST),
    Index(None, "answered_at"),
    info={"about": "What tools' changes were answered, for their retries."},
)

# One link at a time: a new one takes the place of the last.
staff = Table(
    "staff",
    metadata,
    column("staff_id", Uuid, kind.STAFF_FACT, primary_key=True),
    column("name", Text, kind.STAFF_FACT, unique=True),
    column("role", Text, kind.STAFF_FACT),
    column("added_at", Moment, kind.STAFF_FACT),
    column("seen_on", Date, kind.STAFF_FACT, nullable=True),  # the last day in the console
    column("disabled_at", Moment, kind.STAFF_FACT, nullable=True),
    column("credentials_at", Moment, kind.STAFF_FACT, nullable=True),
    column("password_sealed", LargeBinary, kind.STAFF_CREDENTIAL, nullable=True),
    column("totp_sealed", LargeBinary, kind.STAFF_CREDENTIAL, nullable=True),
    column("totp_step", BigInteger, kind.STAFF_CREDENTIAL, server_default="0"),  # used last
    column("wrong_codes", SmallInteger, kind.STAFF_FACT, server_default="0"),
    column("link_digest", LargeBinary, kind.STAFF_CREDENTIAL, nullable=True, unique=True),
    column("link_until", Moment, kind.STAFF_CREDENTIAL, nullable=True),
    CheckConstraint(
        "(credentials_at IS NULL) = (password_sealed IS NULL)"
        " AND (credentials_at IS NULL) = (totp_sealed IS NULL)",
        name="credentials",
    ),
    CheckConstraint("(link_digest IS NULL) = (link_until IS NULL)", name="link"),
    info={"about": "The vendor's staff: who gets into the console, and what they may do."},
)

staff_recovery_codes = Table(
    "staff_recovery_codes",
    metadata,
    column("staff_id", Uuid, kind.STAFF_FACT, primary_key=True),
    column("digest", LargeBinary, kind.STAFF_CREDENTIAL, primary_key=True),
    ForeignKeyConstraint(["staff_id"], ["staff.staff_id"], ondelete="CASCADE"),
    info={"about": "Codes that take the place of a lost phone, once each."},
)

# `used_until`: of the ticket that was used last; an earlier one is not taken any more.
staff_passkeys = Table(
    "staff_passkeys",
    metadata,
    column("credential_id", LargeBinary, kind.STAFF_CREDENTIAL, primary_key=True),
    column("staff_id", Uuid, kind.STAFF_FACT),
    column("public_key", LargeBinary, kind.STAFF_CREDENTIAL),
    column("sign_count", BigInteger, kind.STAFF_CREDENTIAL),
    column("added_at", Moment, kind.STAFF_CREDENTIAL),
    column("used_at", Moment, kind.STAFF_CREDENTIAL, nullable=True),
    column("used_until", Moment, kind.STAFF_CREDENTIAL, nullable=True),
    ForeignKeyConstraint(["staff_id"], ["staff.staff_id"], ondelete="CASCADE"),
    Index(None, "staff_id"),
    info={"about": "Passkeys, each in place of a password and a code."},
)

# Waits for the first sign-in with a verified address, or is linked. `used_until`: as of passkeys.
staff_identities = Table(
    "staff_identities",
    metadata,
    column("staff_id", Uuid, kind.STAFF_FACT, primary_key=True),
    column("email_digest", LargeBinary, kind.STAFF_CREDENTIAL, nullable=True, unique=True),
    column("digest", LargeBinary, kind.STAFF_CREDENTIAL, nullable=True, unique=True),
    column("linked_at", Moment, kind.STAFF_CREDENTIAL, nullable=True),
    column("used_at", Moment, kind.STAFF_CREDENTIAL, nullable=True),
    column("used_until", Moment, kind.STAFF_CREDENTIAL, nullable=True),
    ForeignKeyConstraint(["staff_id"], ["staff.staff_id"], ondelete="CASCADE"),
    CheckConstraint("(email_digest IS NULL) <> (digest IS NULL)", name="linked"),
    CheckConstraint("(digest IS NULL) = (linked_at IS NULL)", name="linked_at"),
    info={"about": "Accounts at the vendor's identity provider that staff sign in with."},
)

staff_searches = Table(
    "staff_searches",
    metadata,
    column("search_id", Uuid, kind.STAFF_FACT, primary_key=True),
    column("staff_id", Uuid, kind.STAFF_FACT),
    column("name", Text, kind.STAFF_FACT),
    column("criteria", JSONB, kind.STAFF_FACT),
    column("added_at", Moment, kind.STAFF_FACT),
    UniqueConstraint("staff_id", "name"),
    ForeignKeyConstraint(["staff_id"], ["staff.staff_id"], ondelete="CASCADE"),
    info={"about": "Lists of licenses that members of staff save, by nothing of a person."},
)

staff_sessions = Table(
    "staff_sessions",
    metadata,
    column("session_id", Uuid, kind.SESSION, primary_key=True),
    column("staff_id", Uuid, kind.SESSION),
    column("digest", LargeBinary, kind.SESSION, unique=True),
    column("began_at", Moment, kind.SESSION),
    column("seen_at", Moment, kind.SESSION),
    column("signed_in_at", Moment, kind.SESSION),
    column("ends_at", Moment, kind.SESSION),
    ForeignKeyConstraint(["staff_id"], ["staff.staff_id"], ondelete="CASCADE"),
    Index(None, "staff_id"),
    Index(None, "ends_at"),
    info={"about": "Browsers that are signed in to the console."},
)
