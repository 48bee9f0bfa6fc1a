"""Products, policies and releases."""

from pydantic import Field

from activation_server.formats.admin_answers.base import AdminAnswer, ChangeAnswer, Day
from activation_server.rules.license import OnClone, Overage, TermFrom, Virtual


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


class PolicyChangedAnswer(PolicyAnswer):
    """A policy after a change, and what that makes different."""

    changes: dict[str, ChangeAnswer]
    licenses: int = Field(description="that are sold by it: 100,000 where there are more")
    licenses_apart: int = Field(
        description="of them, how many set one of the changed terms themselves"
    )


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


class ReleaseListedAnswer(ReleaseAnswer):
    """A version that was put on a product's list."""

    before: Day | None = Field(description="the day it had, where it was listed already")
