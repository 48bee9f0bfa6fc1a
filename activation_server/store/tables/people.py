"""People: who bought a license, who uses it, and what they wish."""

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from activation_server.rules import personal_data as kind
from activation_server.rules import retention
from activation_server.store.tables.declaring import Moment, column, metadata

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

note_keys = Table(
    "note_keys",
    metadata,
    column("license_id", Uuid, kind.LICENSE_ID, primary_key=True),
    column("wrapped_key", LargeBinary, kind.PERSON_KEY.kept(retention.LICENSE)),
    ForeignKeyConstraint(["license_id"], ["licenses.license_id"], ondelete="CASCADE"),
    info={"about": "The keys that operators' words on licenses are sealed with."},
)
