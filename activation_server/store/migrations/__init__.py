"""Alembic migrations; `activation_server.store.schema` runs them."""
