"""Runs the migrations on the connection that `store.schema` hands over."""

from alembic import context
from sqlalchemy import text

from activation_server.store.schema import MIGRATION_LOCK, belongs_to_the_schema
from activation_server.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    include_object=belongs_to_the_schema,
    compare_server_default=True,
)
with context.begin_transaction():
    # A migration waits for no one long: behind a lock that it waits for, everyone else queues.
    connection.execute(text("SET LOCAL lock_timeout = '5s'"))
    connection.execute(text("SET LOCAL statement_timeout = '10min'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    context.run_migrations()
