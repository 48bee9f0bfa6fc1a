"""What is held on a person, without the values: by kind, why, until when, what an erasure takes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from activation_server.formats.words import name
from activation_server.rules import erasure
from activation_server.rules.data_kind import DataKind
from activation_server.rules.export import Export, HeldLicense, Value

Json = dict[str, Any]
_NOT_PERSONAL: Final = "none needed: about no person"


@dataclass(frozen=True, slots=True)
class KindHeld:
    """A kind of data, as far as it is held on a person."""

    kind: DataKind
    count: int
    until: date | None  # of the last of it, where the clock was started for all of it

    @property
    def goes(self) -> bool:
        """Whether an erasure takes it."""
        return erasure.goes(self.kind)

    @property
    def legal_basis(self) -> str:
        """Give what allows to store it."""
        return self.kind.legal_basis.value if self.kind.legal_basis else _NOT_PERSONAL

    @property
    def kept(self) -> str:
        """Say how long it is kept."""
        return f"until {self.until.isoformat()}" if self.until else _by_rule(self.kind)


@dataclass(frozen=True, slots=True)
class ClassHeld:
    """What is held on a person and kept equally long."""

    kinds: Sequence[KindHeld]

    @property
    def names(self) -> str:
        """Name the kinds of data."""
        return ", ".join(dict.fromkeys(each.kind.name for each in self.kinds))

    @property
    def count(self) -> int:
        """Count the values."""
        return sum(each.count for each in self.kinds)

    @property
    def kept(self) -> str:
        """Say how long it is kept; where clocks were started for some of it alone, by the rule."""
        said = {each.kept for each in self.kinds}
        return said.pop() if len(said) == 1 else _by_rule(self.kinds[0].kind)


@dataclass(frozen=True, slots=True)
class LicenseOfPerson:
    """A license that somebody is known with."""

    license_id: UUID
    product: str
    roles: Sequence[str]
    computers: int
    shared: bool


def kinds(export: Export) -> Sequence[KindHeld]:
    """Give each kind of data that is held; what an erasure takes comes first."""
    classes: dict[tuple[str, str], list[Value]] = {}
    for value in export.values():
        classes.setdefault((value.kind.name, value.kind.retention.name), []).append(value)
    found = (KindHeld(some[0].kind, len(some), _until(some)) for some in classes.values())
    return sorted(found, key=lambda each: not each.goes)


def classes(some: Iterable[KindHeld]) -> Sequence[ClassHeld]:
    """Put kinds together that are kept equally long."""
    found: dict[str, list[KindHeld]] = {}
    for each in some:
        found.setdefault(each.kind.retention.name, []).append(each)
    return [ClassHeld(each) for each in found.values()]


def licenses(export: Export) -> Sequence[LicenseOfPerson]:
    """Give the licenses that the person is known with."""
    return [_license(each) for each in export.licenses]


def document(export: Export) -> Json:
    """Write both for tools."""
    return {
        "held": bool(export.licenses),
        "licenses": [
            {
                "license_id": str(each.license_id),
                "product": each.product,
                "roles": list(each.roles),
                "computers": each.computers,
                "others_too": each.shared,
            }
            for each in licenses(export)
        ],
        "kinds": [
            {
                "kind": each.kind.name,
                "holds": each.kind.holds,
                "count": each.count,
                "purpose": each.kind.purpose,
                "legal_basis": each.kind.legal_basis and each.kind.legal_basis.value,
                "retention": each.kind.retention.name,
                "kept_until": each.until and each.until.isoformat(),
                "goes_with_erasure": each.goes,
            }
            for each in kinds(export)
        ],
    }


def _by_rule(kind: DataKind) -> str:
    kept = kind.retention
    return f"until {kept.clock}" if kept.lifetime is None else f"{kept.lifetime} after {kept.clock}"


def _until(values: Iterable[Value]) -> date | None:
    ends = [value.until for value in values]
    known = [each for each in ends if each is not None]
    return max(known) if len(known) == len(ends) else None


def _license(held: HeldLicense) -> LicenseOfPerson:
    rows = {table.name: table.rows for table in held.tables}
    [facts] = rows["licenses"]
    product = next(value.value for value in facts if value.column == "product")
    computers = len(rows.get("activations", ()))
    roles = [name(each.value) for each in held.roles]
    return LicenseOfPerson(held.license_id, product, roles, computers, held.shared)
