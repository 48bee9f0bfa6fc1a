"""Every key operation; no database."""
