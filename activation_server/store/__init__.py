"""The only place with SQLAlchemy: named questions over explicit columns."""
