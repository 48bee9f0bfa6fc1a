"""What is sold: products, their policies, and when their versions came out."""

from sqlalchemy import CheckConstraint, Date, ForeignKeyConstraint, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from activation_server.rules import personal_data as kind
from activation_server.store.tables.declaring import Moment, column, metadata

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
