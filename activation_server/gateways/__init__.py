"""The world outside: files that are kept apart from the database."""
