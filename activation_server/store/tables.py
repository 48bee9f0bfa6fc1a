"""Every table and constraint. Every column says in `info` what kind of data it holds.

A kind tells categories, purpose, legal basis and retention, see `rules/personal_data.py`.

What belongs to a license is keyed by `license_id` first, so that one activation touches one
license, one transaction, one shard; look-up tables stand apart. Ids and times are made in the
application: no sequences, no triggers.
"""

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
    UniqueConstraint,
    Uuid,
    false,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.types import TypeEngine

from activation_server.rules import personal_data as kind
from activation_server.rules import retention
from activation_server.rules.data_kind import DataKind

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_name)s_idx",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


Moment = TIMESTAMP(timezone=True, precision=0)


def column(
    name: str,
    type_: TypeEngine[Any] | type[TypeEngine[Any]],
    holds: DataKind,
    **options: Any,  # noqa: ANN401 - what SQLAlchemy's Column takes
) -> Column[Any]:
    """Declare a column that is not null unless said otherwise, with the kind of its data."""
    options.setdefault("nullable", False)
    return Column(name, type_, info={"kind": holds}, **options)


products = Table(
    "products",
    metadata,
    column("code", Text, kind.CATALOGUE, primary_key=True),
    column("name", Text, kind.CATALOGUE),
    column("algorithm", Text, kind.CATALOGUE),
    column("created_at", Moment, kind.CATALOGUE),
    CheckConstraint("algorithm IN ('EdDSA', 'Ed25519')", name="algorithm"),
    info={"about": "What licenses are sold for."},
)

policies = Table(
    "policies",
    metadata,
    column("product", Text, kind.CATALOGUE, primary_key=True),
    column("name", Text, kind.CATALOGUE, primary_key=True),
    column("terms", JSONB, kind.CATALOGUE),
    column("created_at", Moment, kind.CATALOGUE),
    ForeignKeyConstraint(["product"], ["products.code"]),
    info={"about": "Named sets of license terms."},
)

# On which day versions came out. A version is written by its numbers, "9.2".
releases = Table(
    "releases",
    metadata,
    column("product", Text, kind.CATALOGUE, primary_key=True),
    column("version", Text, kind.CATALOGUE, primary_key=True),
    column("released", Date, kind.CATALOGUE),
    ForeignKeyConstraint(["product"], ["products.code"]),
    info={"about": "When versions of a product came out."},
)

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

# Who bought a license, who uses it. The key of an erased person is destroyed; the row stays to
# tell that there was one.
people = Table(
    "people",
    metadata,
    column("license_id", Uuid, kind.LICENSE_ID.kept(retention.CONTACT), primary_key=True),
    column("person_id", Uuid, kind.PERSON_ID, primary_key=True),
    column("role", Text, kind.PERSON_FACT),
    column("wrapped_key", LargeBinary, kind.PERSON_KEY, nullable=True),
    column("name", LargeBinary, kind.NAME, nullable=True),
    column("company", LargeBinary, kind.NAME, nullable=True),
    column("email", LargeBinary, kind.EMAIL, nullable=True),
    column("tokens", ARRAY(Integer), kind.INDEX),
    column("superseded", ARRAY(Text), kind.SUPERSEDED, nullable=True),  # most have none
    column("contacted_at", Moment, kind.PERSON_FACT),  # other than by a check-in
    column("keep_months", SmallInteger, kind.PERSON_FACT, nullable=True),  # by their own wish
    column("erased_at", Moment, kind.PERSON_FACT, nullable=True),
    ForeignKeyConstraint(["license_id"], ["licenses.license_id"], ondelete="CASCADE"),
    CheckConstraint("role IN ('buyer', 'user')", name="role"),
    CheckConstraint("(wrapped_key IS NULL) = (erased_at IS NOT NULL)", name="erased"),
    # Each drawer is a look of its own, and would read what was not put in its place yet.
    Index(None, "tokens", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
    CheckConstraint("keep_months BETWEEN 1 AND 1200", name="keep_months"),
    Index(None, "contacted_at", postgresql_where="erased_at IS NULL"),
    Index("people_keep_months_idx", "keep_months", postgresql_where="keep_months IS NOT NULL"),
    info={"about": "People: who bought a license, who uses it."},
)

# Apart from `activations`, so that a check-in moves none of it.
person_computers = Table(
    "person_computers",
    metadata,
    column("license_id", Uuid, kind.LICENSE_ID.kept(retention.CONTACT), primary_key=True),
    column("activation_id", Uuid, kind.ACTIVATION_ID.kept(retention.CONTACT), primary_key=True),
    column("person_id", Uuid, kind.PERSON_ID),
    column("computer_name", LargeBinary, kind.COMPUTER_NAME, nullable=True),
    column("comments", LargeBinary, kind.COMMENT, nullable=True),
    column("commented_at", Moment, kind.COMMENT, nullable=True),
    ForeignKeyConstraint(
        ["license_id", "activation_id"],
        ["activations.license_id", "activations.activation_id"],
        ondelete="CASCADE",
    ),
    ForeignKeyConstraint(
        ["license_id", "person_id"],
        ["people.license_id", "people.person_id"],
        name="person_computers_person_id_fkey",
        ondelete="CASCADE",
    ),
    CheckConstraint("(comments IS NULL) = (commented_at IS NULL)", name="commented"),
    Index(None, "license_id", "person_id"),
    Index(None, "commented_at", postgresql_where="commented_at IS NOT NULL"),
    info={"about": "Which person uses a computer, its name, and what the person wrote."},
)

# What retention and erasure must leave. A license that a hold names can't be deleted: no cascade.
# A person may be merged into another, so no key leads to `people`.
legal_holds = Table(
    "legal_holds",
    metadata,
    column("license_id", Uuid, kind.LICENSE_ID.kept(retention.HOLD), primary_key=True),
    column("hold_id", Uuid, kind.HOLD_FACT, primary_key=True),
    column("person_id", Uuid, kind.PERSON_ID.kept(retention.HOLD), nullable=True),  # none: all
    column("reason", LargeBinary, kind.HOLD_WORDS),
    column("ordered_by", LargeBinary, kind.HOLD_WORDS),
    column("until", Date, kind.HOLD_FACT),
    column("placed_at", Moment, kind.HOLD_FACT),
    column("lifted_at", Moment, kind.HOLD_FACT, nullable=True),
    column("lifted_reason", LargeBinary, kind.HOLD_WORDS, nullable=True),
    ForeignKeyConstraint(["license_id"], ["licenses.license_id"]),
    CheckConstraint("(lifted_at IS NULL) = (lifted_reason IS NULL)", name="lifted"),
    info={"about": "Legal holds: which licenses and people must not be disposed of, until when."},
)

# The last consent of each person. It is for one address: found by it, over all licenses.
newsletter_consents = Table(
    "newsletter_consents",
    metadata,
    column("license_id", Uuid, kind.LICENSE_ID.kept(retention.CONTACT), primary_key=True),
    column("person_id", Uuid, kind.PERSON_ID, primary_key=True),
    column("email_digest", LargeBinary, kind.CONSENT_ADDRESS),
    column("state", Text, kind.CONSENT),
    column("wording", Text, kind.CONSENT),
    column("app_version", Text, kind.CONSENT),
    column("channel", Text, kind.CONSENT),
    column("asked_at", Moment, kind.CONSENT),
    column("confirmed_at", Moment, kind.CONSENT, nullable=True),
    column("confirmed_by", Text, kind.CONSENT, nullable=True),
    column("withdrawn_at", Moment, kind.CONSENT, nullable=True),
    column("withdrawn_by", Text, kind.CONSENT, nullable=True),
    ForeignKeyConstraint(
        ["license_id", "person_id"],
        ["people.license_id", "people.person_id"],
        ondelete="CASCADE",
    ),
    CheckConstraint("state IN ('unconfirmed', 'confirmed', 'withdrawn')", name="state"),
    CheckConstraint("state <> 'confirmed' OR confirmed_at IS NOT NULL", name="confirmed"),
    CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn"),
    CheckConstraint("(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="confirmed_by"),
    CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_by"),
    Index(None, "email_digest"),
    info={"about": "Who asked for the newsletter, with the evidence."},
)

# Outlives the erasure of the person.
newsletter_suppressions = Table(
    "newsletter_suppressions",
    metadata,
    column("email_digest", LargeBinary, kind.SUPPRESSION, primary_key=True),
    column("since", Moment, kind.SUPPRESSION),
    info={"about": "Addresses that get no newsletter, because the person withdrew."},
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

note_keys = Table(
    "note_keys",
    metadata,
    column("license_id", Uuid, kind.LICENSE_ID, primary_key=True),
    column("wrapped_key", LargeBinary, kind.PERSON_KEY.kept(retention.LICENSE)),
    ForeignKeyConstraint(["license_id"], ["licenses.license_id"], ondelete="CASCADE"),
    info={"about": "The keys that operators' words on licenses are sealed with."},
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

signing_keys = Table(
    "signing_keys",
    metadata,
    column("number", SmallInteger, kind.KEY_FACT, primary_key=True, autoincrement=False),
    column("kid", Text, kind.KEY_FACT, unique=True),
    column("public", LargeBinary, kind.KEY_FACT),
    column("wrapped_seed", LargeBinary, kind.SECRET_KEY),
    column("created_at", Moment, kind.KEY_FACT),
    column("product", Text, kind.KEY_FACT, nullable=True),  # empty: of all products
    column("signs_since", Moment, kind.KEY_FACT, nullable=True),
    # No certificate signed with it is valid longer, those that were replaced included. Moved
    # ahead in steps by the answers themselves; the year 9999 where one has no end.
    column("covers_until", Moment, kind.KEY_FACT, nullable=True),
    column("retired_at", Moment, kind.KEY_FACT, nullable=True),
    column("retirement", Text, kind.KEY_FACT, nullable=True),
    column("reason", Text, kind.KEY_FACT, nullable=True),
    ForeignKeyConstraint(["product"], ["products.code"]),
    CheckConstraint("retirement IN ('over', 'compromised')", name="retirement"),
    CheckConstraint("(retired_at IS NULL) = (retirement IS NULL)", name="retired"),
    info={"about": "The keys that sign certificates."},
)

wrapped_secrets = Table(
    "wrapped_secrets",
    metadata,
    column("name", Text, kind.KEY_FACT, primary_key=True),
    column("wrapped", LargeBinary, kind.SECRET_KEY),
    column("created_at", Moment, kind.KEY_FACT),
    info={"about": "The secret that all look-ups and tokens are derived from."},
)

# One row.
erasure_position = Table(
    "erasure_position",
    metadata,
    column("one", Boolean, kind.LEDGER_POSITION, primary_key=True),
    column("number", BigInteger, kind.LEDGER_POSITION),
    column("mac", LargeBinary, kind.LEDGER_POSITION),
    CheckConstraint("one", name="one"),
    info={"about": "How far of the erasure ledger this database has carried out."},
)

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

retention_lifetimes = Table(
    "retention_lifetimes",
    metadata,
    column("name", Text, kind.RETENTION_FACT, primary_key=True),
    column("count", Integer, kind.RETENTION_FACT),
    column("unit", Text, kind.RETENTION_FACT),
    column("set_at", Moment, kind.RETENTION_FACT),
    CheckConstraint("count >= 1", name="count"),
    CheckConstraint("unit IN ('days', 'months')", name="unit"),
    info={"about": "How long classes of data are kept, where the operator chose."},
)

# What each run found due and disposed of: written along with it, so that one that was killed tells
# as well.
retention_runs = Table(
    "retention_runs",
    metadata,
    column("run_id", Uuid, kind.RETENTION_FACT, primary_key=True),
    column("began_at", Moment, kind.RETENTION_FACT),
    column("ended_at", Moment, kind.RETENTION_FACT, nullable=True),
    column("by", Text, kind.RETENTION_FACT),
    column("classes", JSONB, kind.RETENTION_FACT),
    Index(None, "began_at"),
    info={"about": "The review records of retention."},
)
