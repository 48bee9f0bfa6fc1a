"""The form by which a trial is turned into a license."""

from collections.abc import Mapping, Sequence
from typing import Final

from activation_server.formats import person
from activation_server.rules.errors import OperatorError
from activation_server.rules.person import PERSON, Person
from activation_server.services import trial_sale
from activation_server.services.context import Context
from activation_server.services.license_edit import ToChange
from activation_server.services.trial_sale import Sale
from activation_server.web.console.change_form import Field, Given, whole_number

MOST_SEATS: Final = 2**31 - 1
_LABELS: Final[Mapping[str, str]] = {
    "order": "Order",
    "name": "Name",
    "company": "Company",
    "email": "E-mail",
}


def fields(now: ToChange) -> Sequence[Field]:
    """Give inputs for what it is sold as, and to whom."""
    sold = {name: name for name, terms in now.policies.items() if terms.trial_days is None}
    return (
        Field("policy", "Policy", hint="Its days count from now.", choices=sold),
        Field("seats", "Seats", hint="Empty: as the policy says.", kind="number", required=False),
        *(
            Field(name, label, hint=_hint(name), required=False, longest=person.LIMITS[name])
            for name, label in _LABELS.items()
        ),
    )


def _hint(name: str) -> str:
    return "" if name == "order" else "Of who bought it; kept sealed."


async def convert(context: Context, given: Given) -> object:
    """Turn a trial into a license. Raises OperatorError."""
    typed = given.fields
    for name, label in _LABELS.items():
        if fault := person.fault(name, typed[name]):
            msg = f"{label}: this is {fault}."
            raise OperatorError(msg)
    terms: dict[str, object] = {}
    if typed["seats"]:
        terms["seats"] = whole_number(given, "seats", "Seats", MOST_SEATS)
    buyer = Person(*(typed[name] or None for name in PERSON))
    sale = Sale(typed["policy"], terms, None, typed["order"] or None, buyer)
    return await trial_sale.convert(context, given.license_id, sale, given.reason)
