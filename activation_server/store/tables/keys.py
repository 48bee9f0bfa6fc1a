"""Keys that sign and secrets, wrapped; how far the erasure ledger is carried out."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
)

from activation_server.rules import personal_data as kind
from activation_server.store.tables.declaring import Moment, column, metadata

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
