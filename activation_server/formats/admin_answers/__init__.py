"""What the admin API answers, described: `admin_api.py` writes it, these say what it is."""
