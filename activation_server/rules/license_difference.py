"""What a change made different about a license, for those who look before they do it."""

from dataclasses import asdict
from datetime import datetime
from typing import Final

from activation_server.rules import license_change
from activation_server.rules.license import License, Terms
from activation_server.rules.license_change import Change

STATUS: Final = "status"
SEATS_USED: Final = "seats_used"
TRANSFER_ALLOWED: Final = "one_more_transfer"


def difference(before: License, after: License, now: datetime) -> dict[str, Change]:
    """Give everything that holds differently: standing, seats in use, policy, terms and ends."""
    facts = {
        STATUS: Change(before.status.value, after.status.value),
        SEATS_USED: Change(before.seats_used, after.seats_used),
        TRANSFER_ALLOWED: Change(before.transfer_allowed, after.transfer_allowed),
    }
    changed = {name: each for name, each in facts.items() if each.before != each.after}
    return {**changed, **license_change.changes(before, after, now)}


def terms_difference(before: Terms, after: Terms) -> dict[str, Change]:
    """Give every term of a policy that is another one then."""
    old, new = asdict(before), asdict(after)
    return {name: Change(old[name], new[name]) for name in new if old[name] != new[name]}
