"""All terms of a license as one form, and its ends as another: what holds, whose word it is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from activation_server.formats.admin_requests.base import decode
from activation_server.formats.admin_requests.terms import TermsBody
from activation_server.formats.client_api import RequestInvalidError
from activation_server.formats.times import parse_end
from activation_server.rules.errors import OperatorError
from activation_server.rules.license import Terms
from activation_server.rules.license_change import EXPIRES, MAINTENANCE_UNTIL
from activation_server.services import license_change
from activation_server.services.context import Context
from activation_server.services.license_change import NewTerms
from activation_server.services.license_edit import ToChange
from activation_server.web.console.change_form import Field, Given

_POLICY: Final = "policy"
_RESET: Final = "reset-"  # before a term's name: the policy decides on it again
_RESET_ALL: Final = "reset-all"
_YES: Final = "yes"
_MOST_LINES: Final = 7000  # characters
_YES_OR_NO: Final = {"yes": "Yes", "no": "No"}


@dataclass(frozen=True, slots=True)
class Term:
    """How a term is called and typed; `empty` tells what an empty input means."""

    name: str
    label: str
    group: str
    kind: str = "number"
    empty: str = ""
    hint: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)


_SEATS: Final = "Seats"
_COVERS: Final = "What it covers"
_LASTS: Final = "How long it lasts"
_OFFLINE: Final = "Without the server"
_MOVES: Final = "Moves and copies"
_TRIALS: Final = "Trials"

TERMS: Final[Sequence[Term]] = (
    Term("seats", "Seats", _SEATS, empty="any number"),
    Term(
        "overage",
        "Computers beyond the seats",
        _SEATS,
        "text",
        choices={
            "none": "None",
            "1.25": "A quarter more",
            "1.5": "Half as many more",
            "2": "Twice as many",
            "unlimited": "Any number",
        },
    ),
    Term("floating_minutes", "Floating: minutes of a lease", _SEATS, empty="a seat stays taken"),
    Term(
        "virtual",
        "Virtual machines",
        _SEATS,
        "text",
        choices={"allow": "May hold seats", "refuse": "Are refused"},
    ),
    Term("virtual_seats", "Seats for virtual machines", _SEATS, empty="any of the seats"),
    Term(
        "one_license_per_computer",
        "One license per computer",
        _SEATS,
        "text",
        hint="A computer that holds a seat of another license of the product is refused.",
        choices=_YES_OR_NO,
    ),
    Term("edition", "Edition", _COVERS, "text", empty="any edition"),
    Term("features", "Features", _COVERS, "lines", empty="none", hint="One a line."),
    Term(
        "max_version",
        "Highest version",
        _COVERS,
        "text",
        empty="any version",
        hint="9 is every 9.x.",
    ),
    Term(
        "maintenance_days",
        "Days of maintenance",
        _COVERS,
        empty="for ever",
        hint="From its issue; what comes out later is not covered.",
    ),
    Term("term_days", "Days that it lasts", _LASTS, empty="for ever"),
    Term(
        "term_from",
        "Counted from",
        _LASTS,
        "text",
        choices={"issue": "Its issue", "activation": "Its first activation"},
    ),
    Term("grace_days", "Days of grace", _LASTS, hint="It still works so long after its end."),
    Term("check_in_days", "Days between check-ins", _OFFLINE),
    Term(
        "certificate_days",
        "Days that an app works without the server",
        _OFFLINE,
        empty="as long as the license lasts",
    ),
    Term("transfers", "Moves to another computer", _MOVES, empty="any number"),
    Term("transfer_days", "… in so many days", _MOVES),
    Term(
        "clone",
        "A copied installation",
        _MOVES,
        "text",
        choices={"flag": "Is flagged, and goes on", "refuse": "Is refused"},
    ),
    Term("clone_certificate_hours", "Hours that a flagged copy works", _MOVES),
    Term("trial_days", "Days of a trial", _TRIALS, empty="it is no trial"),
    Term("trial_again_months", "Another trial after months", _TRIALS, empty="never"),
)
_LABELS: Final = MappingProxyType({term.name: term.label for term in TERMS})


def fields(now: ToChange) -> Sequence[Field]:
    """Give an input for the policy and each term, with what holds now."""
    license_ = now.view.license
    policy = Field(
        _POLICY,
        "Policy",
        hint="Terms that the license sets itself stay as they are.",
        choices={name: name for name in now.policies},
        value=license_.policy,
        group="Policy",
    )
    made = [policy]
    if now.view.overrides:
        about = "Nothing of its own any more: all terms as the policy says"
        made.append(Field(_RESET_ALL, about, kind="tick", group="Policy"))
    of_policy = now.policies[license_.policy]
    for term in TERMS:
        own = term.name in now.view.overrides
        whose = "Set by this license." if own else f"By policy {license_.policy}."
        made.append(_field(term, license_.terms, whose))
        if own:
            told = _told(term, getattr(of_policy, term.name))
            about = f"Back to what policy {license_.policy} says: {told}"
            made.append(Field(_RESET + term.name, about, kind="tick", group=term.group))
    return made


def of_policy(terms: Terms) -> Sequence[Field]:
    """Give an input for each term of a policy."""
    return [_field(term, terms) for term in TERMS]


def _field(term: Term, terms: Terms, whose: str = "") -> Field:
    empty = f"Empty: {term.empty}." if term.empty else ""
    return Field(
        term.name,
        term.label,
        hint=" ".join(filter(None, (term.hint, empty, whose))),
        kind=term.kind,
        required=False,
        choices=term.choices,
        value=_text(asdict(terms)[term.name]),
        longest=_MOST_LINES if term.kind == "lines" else 64,
        group=term.group,
    )


def _text(value: object) -> str:
    """Write a term's value as it stands in its input."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "\n".join(value)
    return "" if value is None else str(value)


def _told(term: Term, value: object) -> str:
    text = _text(value)
    return term.choices.get(text, text).replace("\n", ", ") or term.empty


async def set_terms(context: Context, given: Given) -> object:
    """Change what was changed in the form. Raises OperatorError."""
    now = given.fields
    terms = read(now)
    reset = {name for name in _LABELS if now.get(_RESET + name) == _YES}
    both = [_LABELS[name] for name in _LABELS if name in terms and name in reset]
    if both:
        msg = f"{', '.join(both)}: change it, or go back to the policy's; not both."
        raise OperatorError(msg)
    if now.get(_RESET_ALL) == _YES:
        reset = {*_LABELS} - terms.keys()
    policy = now.get(_POLICY)
    if policy is None and not terms and not reset:
        raise OperatorError("Nothing was changed in the form.")
    new = NewTerms(policy, terms, reset)
    return await license_change.set_terms(context, given.license_id, new, given.reason)


def read(typed: Mapping[str, str]) -> dict[str, object]:
    """Read terms as tools send them, so that the same may be set. Raises OperatorError."""
    kinds = {term.name: term.kind for term in TERMS if term.name in typed}
    body = json.dumps({name: _value(kind, name, typed[name]) for name, kind in kinds.items()})
    try:
        return decode(TermsBody, body.encode()).given()
    except RequestInvalidError as error:
        raise OperatorError(" ".join(map(_sentence, error.errors))) from None


def _value(kind: str, name: str, text: str) -> object:
    if kind == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if name == "one_license_per_computer":
        return text == _YES
    if kind == "number" and text.isascii() and text.isdecimal():
        return int(text)
    return text or None


_WORDS: Final = {
    "Input should be": "must be",
    "String should have": "must have",
    "List should have": "must have",
    "a valid integer": "a whole number",
    "after validation, not": "not",
}


def _sentence(fault: Mapping[str, str]) -> str:
    """Write what is wrong with a term in a sentence about its input."""
    message = fault["message"]
    for theirs, ours in _WORDS.items():
        message = message.replace(theirs, ours)
    return f"{_LABELS[fault['pointer'].split('/')[1]]} {message}."


def end_fields(now: ToChange) -> Sequence[Field]:
    """Give inputs for the days on which a license and its maintenance end."""
    license_ = now.view.license
    counted = replace(license_, expires_at=None, maintenance_until=None)
    start = None if counted.awaits_activation() else counted.ends_at(now.at)
    return (
        Field(
            EXPIRES,
            "The license ends",
            hint=_end_hint(start, awaits=counted.awaits_activation()),
            kind="date",
            required=False,
            value=_day(license_.expires_at),
        ),
        Field(
            MAINTENANCE_UNTIL,
            "Its maintenance ends",
            hint=_end_hint(counted.maintained_until()),
            kind="date",
            required=False,
            value=_day(license_.maintenance_until),
        ),
    )


def _end_hint(by_terms: datetime | None, *, awaits: bool = False) -> str:
    counted = f"on {_day(by_terms)}" if by_terms else "never"
    if awaits:
        counted = "counted from its first activation"
    return f"It counts to the end of that day in UTC. Empty: by its terms, {counted}."


def _day(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).date().isoformat()


async def set_ends(context: Context, given: Given) -> object:
    """Set the ends that were changed in the form. Raises OperatorError."""
    typed = given.fields
    named = [name for name in (EXPIRES, MAINTENANCE_UNTIL) if name in typed]
    if not named:
        raise OperatorError("Nothing was changed in the form.")
    new = NewTerms(ends={name: _end(typed[name]) for name in named})
    return await license_change.set_terms(context, given.license_id, new, given.reason)


def _end(text: str) -> datetime | None:
    try:
        return parse_end(text) if text else None
    except ValueError:
        msg = f"{text!r} is no day: give one as 2027-12-31."
        raise OperatorError(msg) from None
