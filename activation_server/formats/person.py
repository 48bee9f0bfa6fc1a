"""What is checked of a person's fields wherever they come in, by the protocol's limits."""

import re

LIMITS = {"name": 200, "company": 200, "email": 254, "order": 200}
_EMAIL = re.compile(r"[^@\s\x00]+@[^@\s\x00]+")


def fault(field: str, text: str) -> str | None:
    """Say what is wrong with a field, without repeating it; `None` when nothing is."""
    limit = LIMITS[field]
    if len(text.strip()) > limit:
        return f"longer than {limit} characters"
    if "\x00" in text:
        return "holds a NUL character"
    if field == "email" and text.strip() and not _EMAIL.fullmatch(text.strip()):
        return "no e-mail address"
    return None
