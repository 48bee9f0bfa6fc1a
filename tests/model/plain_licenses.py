"""What holds for a license, in the model: its terms and ends, why it refuses, what it tells."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from activation_server.rules.license import App, Overage, TermFrom, Terms
from activation_server.rules.reasons import Notice, Reason
from tests.model.records import License, Refusal, Seat

FACTORS = {Overage.NONE: 100, Overage.QUARTER_MORE: 125, Overage.HALF_MORE: 150, Overage.TWICE: 200}
ENDS_SOON = timedelta(days=30)


@dataclass
class Licenses:
    """The licenses and their policies, at a time."""

    now: datetime
    policies: dict[tuple[str, str], Terms] = field(default_factory=dict)
    licenses: list[License] = field(default_factory=list)

    def terms(self, sold: License) -> dict[str, Any]:
        policy = self.policies[sold.product, sold.policy]
        own = {name: getattr(policy, name) for name in Terms.__dataclass_fields__}
        return own | sold.overrides

    def active(self, sold: License) -> list[Seat]:
        """Those that hold a seat now."""
        return [seat for seat in self.present(sold) if self.holds(seat)]

    def present(self, sold: License) -> list[Seat]:
        return [seat for seat in sold.seats if seat.removed is None]

    def holds(self, seat: Seat) -> bool:
        """Whether a seat does not float, or its lease still runs."""
        return seat.lease is None or self.now < seat.lease

    def allowed(self, sold: License) -> int | None:
        """The seats that may be taken, with those over what was sold."""
        terms = self.terms(sold)
        if terms["seats"] is None or terms["overage"] is Overage.UNLIMITED:
            return None
        return int(terms["seats"] * FACTORS[terms["overage"]] // 100)

    def end(self, sold: License) -> datetime | None:
        terms = self.terms(sold)
        if sold.expires is not None:
            return sold.expires
        days = terms["term_days"] if terms["trial_days"] is None else terms["trial_days"]
        if days is None:
            return None
        first = sold.issued if terms["term_from"] is TermFrom.ISSUE else sold.started or self.now
        return first + timedelta(days=days)

    def stop(self, sold: License) -> datetime | None:
        """The end and the grace after it."""
        end = self.end(sold)
        return None if end is None else end + timedelta(days=self.terms(sold)["grace_days"])

    def maintained(self, sold: License) -> datetime | None:
        days = self.terms(sold)["maintenance_days"]
        if sold.maintenance_until is not None or days is None:
            return sold.maintenance_until
        return sold.issued + timedelta(days=days)

    # Why not

    def _standing(self, sold: License) -> Refusal | None:
        if sold.status == "revoked":
            return Refusal(Reason.LICENSE_REVOKED)
        if sold.status == "suspended":
            return Refusal(Reason.LICENSE_SUSPENDED)
        end, stop = self.end(sold), self.stop(sold)
        if end is not None and stop is not None and self.now >= stop:
            return Refusal(Reason.LICENSE_EXPIRED, {"expired": text(end)})
        return None

    def _app(self, sold: License, app: App) -> Refusal | None:
        terms, until = self.terms(sold), self.maintained(sold)
        licensed, asked = terms["edition"], app.edition
        if licensed and asked and licensed.lower() != asked.lower():
            return Refusal(Reason.EDITION_NOT_COVERED, {"licensed": licensed, "requested": asked})
        if terms["max_version"] is not None and _is_above(app.version, terms["max_version"]):
            evidence = {"max_version": terms["max_version"], "version": app.version}
            return Refusal(Reason.VERSION_NOT_COVERED, evidence)
        if until is not None and app.released is not None and app.released > until.date():
            evidence = {"maintenance_until": text(until), "released": str(app.released)}
            return Refusal(Reason.VERSION_NOT_COVERED, evidence)
        return None

    def _covered(self, sold: License) -> dict[str, Any]:
        terms, end, until = self.terms(sold), self.end(sold), self.maintained(sold)
        return {
            "id": str(sold.license_id),
            "edition": terms["edition"],
            "kind": self._kind(sold),
            "seats": terms["seats"],
            "expires": None if end is None else seconds(end),
            "maintenance_until": None if until is None else seconds(until),
            "features": list(terms["features"]),
        }

    def _kind(self, sold: License) -> str:
        if self.terms(sold)["trial_days"] is not None:
            return "trial"
        return "perpetual" if self.end(sold) is None else "subscription"

    def _notices(self, sold: License) -> list[Notice]:
        limit, found = self._limit(sold), []
        soon, notice = ENDS_SOON, Notice.LICENSE_ENDS_SOON
        if self._kind(sold) == "trial":
            soon, notice = timedelta(days=3), Notice.TRIAL_ENDS_SOON
        until = self.maintained(sold)
        ends: list[tuple[datetime | None, timedelta, Notice, Notice]] = [
            (self.end(sold), soon, notice, Notice.LICENSE_IN_GRACE),
            (until, ENDS_SOON, Notice.MAINTENANCE_ENDS_SOON, Notice.MAINTENANCE_ENDED),
        ]
        for end, span, before, after in ends:
            if end is not None and end <= self.now:
                found.append(after)
            elif end is not None and end - span <= self.now:
                found.append(before)
        if limit is not None and len(self.active(sold)) > limit:
            found.append(Notice.OVERAGE)
        return found

    def _limit(self, sold: License) -> int | None:
        limit: int | None = self.terms(sold)["seats"]
        return limit


def _is_above(version: str, highest: str) -> bool:
    """Whether a version is above the highest one covered; 9 is every 9.x."""
    for mine, most in zip(version.split("."), highest.split("."), strict=False):
        if int(mine) != int(most):
            return int(mine) > int(most)
    return False


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
