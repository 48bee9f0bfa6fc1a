"""What the admin API answers, described: `admin_api.py` writes it, these say what it is."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from activation_server.rules.audit import Action
from activation_server.rules.license import Kind, OnClone, Overage, Status, TermFrom, Virtual

Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
Id = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]


def _open(schema: dict[str, Any]) -> None:
    """Later versions add fields: a reader is not to refuse them, as the server does here."""
    schema.pop("additionalProperties", None)


class AdminAnswer(BaseModel):
    """What is not described is never sent."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=_open)


class TermsAnswer(AdminAnswer):
    """Every term; null means unlimited, for ever or any."""

    seats: int | None
    term_days: int | None
    term_from: TermFrom
    grace_days: int
    maintenance_days: int | None
    max_version: str | None
    edition: str | None
    features: list[str]
    check_in_days: int
    certificate_days: int | None
    overage: Overage
    transfers: int | None
    transfer_days: int
    clone: OnClone
    clone_certificate_hours: int
    floating_minutes: int | None
    virtual: Virtual
    virtual_seats: int | None
    one_license_per_computer: bool
    trial_days: int | None
    trial_again_months: int | None


class PolicyAnswer(TermsAnswer):
    """A policy with every term; null means unlimited, for ever or any."""

    product: str
    name: str
    version: str = Field(description="in quotation marks, what `If-Match` takes")


class PoliciesAnswer(AdminAnswer):
    """A product's policies by their names."""

    policies: list[PolicyAnswer]


class ProductAnswer(AdminAnswer):
    """A product that licenses are sold for."""

    code: str = Field(description="what apps send as `product`")
    name: str
    algorithm: str = Field(description="`alg` of its certificates")
    policies: list[str]


class ProductsAnswer(AdminAnswer):
    """All products by their codes."""

    products: list[ProductAnswer]


class ReleaseAnswer(AdminAnswer):
    """A version on a product's list of releases."""

    product: str
    version: str
    released: Day


class ReleasesAnswer(AdminAnswer):
    """A product's releases, the highest version first."""

    releases: list[ReleaseAnswer]


class EntryAnswer(AdminAnswer):
    """An entry of the audit log."""

    seq: int
    at: Time
    who: str = Field(description="an operator's name, `token:NAME`, or `server`")
    action: str = Field(examples=[*map(str, Action)])
    license_id: Id | None
    subject: str | None
    details: dict[str, Any]
    why: str | None = Field(description="the reason; null where none was given or its key is gone")
    why_sealed: bool = Field(description="whether a reason was given")


class EntriesAnswer(AdminAnswer):
    """Entries of the audit log, newest first."""

    entries: list[EntryAnswer]
    next: str | None = Field(description="the `cursor` of the next page; null on the last one")


class LicenseAnswer(AdminAnswer):
    """A license with the terms that hold for it now; null means unlimited, for ever or any."""

    license_id: Id
    key_tail: str = Field(description="the last five characters of its key")
    product: str
    policy: str
    status: Status
    kind: Kind
    edition: str | None
    features: list[str]
    seats: int | None
    seats_used: int
    issued: Time
    started: Time | None = Field(description="its first activation")
    expires: Time | None
    accepted_until: Time | None = Field(description="its end with its days of grace")
    maintenance_until: Time | None
    order: str | None


class IssuedAnswer(LicenseAnswer):
    """A new license, with its key: keep it secret. In a dry run there is no key, and no id."""

    license_id: Id | None  # type: ignore[assignment] # of none that was made
    key_tail: str | None  # type: ignore[assignment] # the same
    license_key: str | None


class NewKeyAnswer(LicenseAnswer):
    """A license with its new key: keep it secret. In a dry run there is none."""

    key_tail: str | None  # type: ignore[assignment] # of none that was made
    license_key: str | None


class ComputerNameAnswer(AdminAnswer):
    """What a person told of a computer."""

    activation_id: Id
    name: str | None
    comments: str | None
    commented: Time | None


class PersonAnswer(AdminAnswer):
    """A person of a license; masked, but where it is asked for in clear."""

    person_id: Id
    role: Literal["buyer", "user"]
    name: str | None
    company: str | None
    email: str | None
    last_contact: Time
    erased: Time | None
    computers: list[ComputerNameAnswer]


class HoldAnswer(AdminAnswer):
    """A legal hold in force."""

    hold_id: Id
    on: Literal["license", "person"]
    license_id: Id
    person_id: Id | None
    status: str
    until: Day
    placed: Time
    lifted: Time | None


class FoundAnswer(LicenseAnswer):
    """A license in a list, with its people masked."""

    people: list[PersonAnswer]
    holds: list[HoldAnswer]


class LicensesAnswer(AdminAnswer):
    """A page of licenses, by their ids."""

    licenses: list[FoundAnswer]
    complete: bool = Field(description="false where `q` finds more than it gives: say more")
    next: str | None = Field(
        description="the `cursor` of the next page; null on the last one. A page may have fewer "
        "licenses than `limit`, or none, and a next one all the same"
    )


class TermAnswer(AdminAnswer):
    """A term that holds, and who sets it."""

    value: Any
    from_: Literal["license", "policy"] = Field(alias="from")


class ActivationAnswer(AdminAnswer):
    """A computer's seat; nothing in it names a person."""

    activation_id: Id
    license_id: Id
    status: Literal["active", "lapsed", "removed"]
    activated: Time
    last_check_in: Time
    check_in_after: Time
    certificate_expires: Time | None
    leased_until: Time | None
    virtual_machine: bool
    removed: Time | None
    removed_by: str | None
    app_version: str
    app_edition: str | None
    os: str
    check_ins: int
    version: str


class ActivationsAnswer(AdminAnswer):
    """The computers of a license, those that hold no seat any more too."""

    activations: list[ActivationAnswer]


class EventAnswer(BaseModel):
    """A line of a license's history, with details by its kind."""

    model_config = ConfigDict(frozen=True, extra="allow", json_schema_extra=_open)

    at: Time
    kind: str


class EventsAnswer(AdminAnswer):
    """A license's history, newest first."""

    events: list[EventAnswer]
    total: int = Field(description="lines that there are; the newest 200 are given")


class RefusalAnswer(AdminAnswer):
    """The last refusal of a kind, in plain words."""

    at: Time
    code: str
    times: int
    evidence: dict[str, Any]
    title: str
    meaning: str = Field(description="why it was refused")
    customer: str = Field(description="what the person at the computer can do")
    support: str = Field(description="what support can do")


class RefusalsAnswer(AdminAnswer):
    """What a license's computers were refused for, newest first."""

    refusals: list[RefusalAnswer]


class LicenseShownAnswer(FoundAnswer):
    """All of a license."""

    explanation: list[str] = Field(description="what holds and why, in sentences")
    terms: dict[str, TermAnswer]
    activations: list[ActivationAnswer]
    events: list[EventAnswer]
    events_total: int
    refusals: list[RefusalAnswer]


class RevealedAnswer(AdminAnswer):
    """What of a license is hidden otherwise. Reading it is noted with the reason."""

    license_id: Id
    license_key: str
    people: list[PersonAnswer]


class ChangeAnswer(AdminAnswer):
    """A term, from what to what."""

    from_: Any = Field(alias="from")
    to: Any


class ChangedAnswer(LicenseAnswer):
    """A license after a change, or as it would be."""

    changes: dict[str, ChangeAnswer] = Field(description="the terms that hold differently")


class PersonLicenseAnswer(AdminAnswer):
    """A license that a person is known with."""

    license_id: Id
    product: str
    roles: list[Literal["buyer", "user"]]
    computers: int
    others_too: bool = Field(description="whether others are known on it")


class KindHeldAnswer(AdminAnswer):
    """A kind of data that is held on a person."""

    kind: str
    holds: str = Field(description="what it is")
    count: int = Field(description="values that are stored")
    purpose: str
    legal_basis: str | None
    retention: str = Field(description="the class that says how long it is kept")
    kept_until: Day | None = Field(description="null where its clock was not started yet")
    goes_with_erasure: bool


class PersonDataAnswer(AdminAnswer):
    """What is held on a person, without the values."""

    held: bool
    licenses: list[PersonLicenseAnswer]
    kinds: list[KindHeldAnswer]
    holds: list[HoldAnswer] = Field(description="in force: while there is one, nobody is erased")


class ExportAnswer(AdminAnswer):
    """Everything that is held on a person, in clear; also what `privacy export --json` gives."""

    email: str
    held: bool
    issuer: str
    made_at: Time
    licenses: list[dict[str, Any]] = Field(description="each with its tables, rows and values")
    kinds: dict[str, dict[str, Any]] = Field(description="what values are, why, on what ground")
    retention: dict[str, dict[str, Any]] = Field(description="how long each class is kept")


class ErasedAnswer(AdminAnswer):
    """What an erasure took, or would take."""

    people: int = Field(description="a person counts once for each license")
    computers: int
    licenses: int
    receipt: str | None = Field(
        description="a compact JWS that says when and how much, and names nobody; null where "
        "nothing was held, and in a dry run"
    )


class HoldsAnswer(AdminAnswer):
    """Legal holds; the first to end first. What was written of them is not in it."""

    holds: list[HoldAnswer]


class DueAnswer(AdminAnswer):
    """How long a class of data is kept, and what of it is due to go."""

    class_: str = Field(alias="class")
    clock: str = Field(description="what its lifetime is counted from")
    lifetime: str
    is_default: bool
    action: str
    due: int
    oldest: Time | None
    held: int = Field(description="due, but under a legal hold")
    waiting: int = Field(description="due, but for something that is to be set, see `why`")
    why: str | None


class RetentionAnswer(AdminAnswer):
    """What a run would dispose of now."""

    classes: list[DueAnswer]


class RunClassAnswer(AdminAnswer):
    """What a run did with a class."""

    due: int
    gone: int
    held: int
    waiting: int
    why: str


class RunAnswer(AdminAnswer):
    """A run; one without an end runs still, or was cut off."""

    began: Time
    ended: Time | None
    by: str
    classes: dict[str, RunClassAnswer]


class RunsAnswer(AdminAnswer):
    """The last runs, newest first."""

    runs: list[RunAnswer]


class PolicyChangedAnswer(PolicyAnswer):
    """A policy after a change, and what that makes different."""

    changes: dict[str, ChangeAnswer]
    licenses: int = Field(description="that are sold by it: 100,000 where there are more")
    licenses_apart: int = Field(
        description="of them, how many set one of the changed terms themselves"
    )


class ReleaseListedAnswer(ReleaseAnswer):
    """A version that was put on a product's list."""

    before: Day | None = Field(description="the day it had, where it was listed already")
