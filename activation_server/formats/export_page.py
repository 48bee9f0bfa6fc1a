"""Everything held on a person as a page for that person, and as a summary for a terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from jinja2 import Environment, PackageLoader, select_autoescape

from activation_server.rules.data_kind import DataKind, LegalBasis
from activation_server.rules.export import Export, HeldLicense, HeldTable, Value
from activation_server.rules.person import Role
from activation_server.rules.retention import COMMENTS, CONTACT, Retention

Fields = Mapping[str, Value]

NOBODY: Final = "Nothing is held on this address."
_ROLES: Final = {Role.BUYER: "You bought it", Role.USER: "You use it"}
_TOLD: Final = ("computer_name", "comments")
_TOLD_BY_PERSON: Final = (CONTACT, COMMENTS)
_GROUNDS: Final = {
    LegalBasis.CONSENT: "You agreed to it, and can take that back at any time.",
    LegalBasis.CONTRACT: "It is needed for the license: the contract.",
    LegalBasis.LEGAL_OBLIGATION: "The law demands it.",
    LegalBasis.LEGITIMATE_INTEREST: "The vendor has a legitimate interest in it; you may object.",
}


@dataclass(frozen=True, slots=True)
class _Computer:
    name: str | None
    comments: str | None
    facts: Fields


@dataclass(frozen=True, slots=True)
class _Card:
    """A license as its person reads of it."""

    roles: str
    shared: bool
    facts: Fields
    computers: Sequence[_Computer]


@dataclass(frozen=True, slots=True)
class _Reasons:
    """What is kept equally long, and why each kind of it is stored."""

    how_long: str
    until: date | None  # of the last of it, when the clock was started for all of it
    kinds: Sequence[DataKind]


def page(export: Export, contact: str | None = None) -> str:
    """Write a page that stands alone; every value is escaped."""
    return _environment.get_template("person.html").render(
        export=export,
        contact=contact,
        known=known(export),
        cards=[_card(each) for each in export.licenses],
        reasons=_reasons(export),
        all_disposed=all(kind.retention.has_run for kind in export.kinds()),
    )


def summary(export: Export) -> str:
    """Say in some lines what is held."""
    if not export.licenses:
        return NOBODY
    lines = [f"{name}: {', '.join(values)}" for name, values in known(export).items()]
    for held in export.licenses:
        card = _card(held)
        lines += [
            "",
            f"License {held.license_id} of {card.facts['product'].value} ({', '.join(held.roles)})",
            *(f"  {table.name}: {len(table.rows)}" for table in held.tables),
        ]
    return "\n".join([*lines, "", "All of it: --json, or --out DIR for a page and JSON."])


def known(export: Export) -> Mapping[str, Sequence[str]]:
    """Give who the person is, as far as it is known; each spelling once."""
    columns = {
        "Name": ("people", "name"),
        "Company": ("people", "company"),
        "E-mail": ("people", "email"),
        "Computers": ("person_computers", "computer_name"),
    }
    found = {
        title: [
            str(row[column].value)
            for held in export.licenses
            for row in _rows(held, table)
            if row[column].value
        ]
        for title, (table, column) in columns.items()
    }
    return {title: [*dict.fromkeys(values)] for title, values in found.items() if values}


def _rows(held: HeldLicense, table: str) -> Sequence[Fields]:
    return [
        {value.column: value for value in row}
        for each in held.tables
        if each.name == table
        for row in each.rows
    ]


def _card(held: HeldLicense) -> _Card:
    told = {row["activation_id"].value: row for row in _rows(held, "person_computers")}
    computers = []
    for facts in _rows(held, "activations"):
        mine = told.get(facts["activation_id"].value, {})
        name, comments = (mine[each].value if mine else None for each in _TOLD)
        computers.append(_Computer(name, comments, facts))
    roles = " and ".join(_ROLES[role] for role in held.roles)
    [facts] = _rows(held, "licenses")
    return _Card(roles, held.shared, facts, computers)


def _reasons(export: Export) -> Sequence[_Reasons]:
    """Explain the kinds of data by how long they are kept; what the person told comes first."""
    classes: dict[str, list[Value]] = {}
    for value in export.values():
        classes.setdefault(value.kind.retention.name, []).append(value)
    reasons = []
    for values in sorted(
        classes.values(), key=lambda some: some[0].kind.retention not in _TOLD_BY_PERSON
    ):
        ends = [value.until for value in values if value.until]
        until = max(ends) if len(ends) == len(values) else None
        kinds = {value.kind.name: value.kind for value in values}
        how_long = _how_long(values[0].kind.retention)
        reasons.append(_Reasons(how_long, until, [*kinds.values()]))
    return reasons


def _ground(kind: DataKind) -> str:
    return _GROUNDS[kind.legal_basis] if kind.legal_basis else ""


def _how_long(kept: Retention) -> str:
    if kept.lifetime is None:
        return f"until {kept.clock}."
    return f"{kept.lifetime} after {kept.clock}."


def _shown(value: object) -> str:
    """Write a value for people: 22 November 2026, 10:00 UTC."""
    if isinstance(value, datetime):
        return f"{value.day} {value:%B %Y, %H:%M} UTC"
    if isinstance(value, date):
        return f"{value.day} {value:%B %Y}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {_shown(each)}" for name, each in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) or "none"
    return "none" if value is None else str(value)


def _title(column: str) -> str:
    """Write a column's name as words."""
    return column.replace("_", " ").capitalize()


def _stored(table: HeldTable) -> Sequence[Sequence[Value]]:
    """Give the rows without what is empty."""
    return [[value for value in row if value.is_stored()] for row in table.rows]


def _sentence(text: str) -> str:
    """Begin with a capital, end with a full stop."""
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."


_environment = Environment(
    loader=PackageLoader("activation_server.formats"),
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(
    shown=_shown, title=_title, stored=_stored, sentence=_sentence, ground=_ground
)
