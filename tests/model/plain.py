"""The model: what ../shared/protocol.md and docs/policies.md say, told as plainly as possible.

Written from those pages and not from the code: it shares with it the names of refusals and
notices, the terms and the app that it is given, and nothing that decides. It knows components of
computers in clear, and what a certificate must say, but no signature and no database.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from activation_server.rules.license import App, OnClone, Overage, TermFrom, Terms
from activation_server.rules.reasons import Notice, Reason
from tests.model import plain_hardware as hardware
from tests.model.plain_keys import Keys
from tests.model.records import Answer, Asked, Last, License, Noted, Refusal, Seat, Token

FACTORS = {Overage.NONE: 100, Overage.QUARTER_MORE: 125, Overage.HALF_MORE: 150, Overage.TWICE: 200}
ENDS_SOON = timedelta(days=30)


@dataclass
class Plain:
    """The whole server, as a few lists."""

    now: datetime
    policies: dict[tuple[str, str], Terms] = field(default_factory=dict)
    licenses: list[License] = field(default_factory=list)
    keys: Keys = field(default_factory=Keys)

    # What apps ask for

    def activate(self, asked: Asked) -> Answer | Refusal:
        for sold in self.licenses:
            if sold.product == asked.product and _is_key(sold, asked.license_key):
                return self._noted(sold, self._activate(sold, asked))
        return Refusal(Reason.LICENSE_NOT_FOUND)

    def check_in(self, activation_id: UUID, token: Token, asked: Asked) -> Answer | Refusal:
        sold, seat = self.find(activation_id)
        if sold is None or seat is None or token.activation_id != activation_id:
            return Refusal(Reason.ACTIVATION_NOT_FOUND)
        if asked.product is not None and asked.product != sold.product:
            return Refusal(Reason.ACTIVATION_NOT_FOUND)
        if asked.license_key is not None and not _is_key(sold, asked.license_key):
            return Refusal(Reason.ACTIVATION_NOT_FOUND)
        return self._noted(sold, self._check_in(sold, seat, token.counter, asked))

    def give_back(self, activation_id: UUID, token: Token, request_id: UUID) -> Answer | Refusal:
        sold, seat = self.find(activation_id)
        if sold is None or seat is None or token.activation_id != activation_id:
            return Refusal(Reason.ACTIVATION_NOT_FOUND)
        return self._noted(sold, self._give_back(sold, seat, request_id))

    # What operators do

    def change_standing(self, sold: License, change: str) -> bool:
        """Suspend, reinstate or revoke; whether that may be done."""
        status = {"suspend": "suspended", "reinstate": "active", "revoke": "revoked"}[change]
        if sold.status == "revoked" and status == "suspended":
            return False
        if sold.status != status:
            sold.status = status
            told = {"active": "reinstated"}.get(status, status)
            sold.events.append((self.now, told))
        return True

    def remove(self, activation_id: UUID) -> bool:
        """Take a seat back; whether there is such an activation."""
        sold, seat = self.find(activation_id)
        if sold is None or seat is None:
            return False
        if seat.removed is None:
            seat.removed, seat.removed_by = self.now, "support"
            sold.events.append((self.now, "activation_removed"))
        return True

    # What there is

    def find(self, activation_id: UUID) -> tuple[License | None, Seat | None]:
        for sold in self.licenses:
            for seat in sold.seats:
                if seat.activation_id == activation_id:
                    return sold, seat
        return None, None

    def terms(self, sold: License) -> dict[str, Any]:
        policy = self.policies[sold.product, sold.policy]
        own = {name: getattr(policy, name) for name in Terms.__dataclass_fields__}
        return own | sold.overrides

    def active(self, sold: License) -> list[Seat]:
        return [seat for seat in sold.seats if seat.removed is None]

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
        if terms["term_days"] is None:
            return None
        first = sold.issued if terms["term_from"] is TermFrom.ISSUE else sold.started or self.now
        return first + timedelta(days=terms["term_days"])

    def stop(self, sold: License) -> datetime | None:
        """The end and the grace after it."""
        end = self.end(sold)
        return None if end is None else end + timedelta(days=self.terms(sold)["grace_days"])

    def maintained(self, sold: License) -> datetime | None:
        days = self.terms(sold)["maintenance_days"]
        if sold.maintenance_until is not None or days is None:
            return sold.maintenance_until
        return sold.issued + timedelta(days=days)

    # An activation

    def _activate(self, sold: License, asked: Asked) -> Answer | Refusal:
        here = hardware.usable(asked.hardware)
        made = [seat for seat in sold.seats if seat.made_by == asked.request_id]
        if any(seat.removed is not None for seat in made):
            return Refusal(Reason.ACTIVATION_REMOVED)
        alike = [s for s in self.active(sold) if hardware.shares_an_anchor(here, s.hardware)]
        elsewhere = [seat for seat in made if not hardware.is_same(here, seat.hardware)]
        if elsewhere or any(_is_reuse(seat, asked) for seat in made + alike):
            return Refusal(Reason.REQUEST_ID_REUSED)
        if refusal := self._standing(sold):
            return refusal
        same = [seat for seat in alike if hardware.is_same(here, seat.hardware)]
        for seat in same:
            if _is_repeat(seat, asked):
                return self._repeated(sold, seat)
        if refusal := self._app(sold, asked.app) or _unusable(here):
            return refusal
        if same:
            seat = _nearest(here, same)
            return self._renew(sold, seat, asked, "already_activated", seat.counter + 1)
        return self._take_seat(sold, here, asked)

    def _take_seat(self, sold: License, here: dict[str, str], asked: Asked) -> Answer | Refusal:
        used, limit, allowed = len(self.active(sold)), self._limit(sold), self.allowed(sold)
        if allowed is not None and used >= allowed:
            return Refusal(Reason.SEAT_LIMIT_REACHED, {"limit": limit, "used": used})
        last = self._last(sold, asked, "activated", 1)
        sold.seats.append(Seat(asked.request_id, self.now, here, last))
        sold.started = sold.started or self.now
        sold.events.append((self.now, "activated"))
        if limit is not None and used + 1 > limit:
            sold.events.append((self.now, "overage"))
        return self._answer(sold, sold.seats[-1])

    # A check-in

    def _check_in(self, sold: License, seat: Seat, counter: int, asked: Asked) -> Answer | Refusal:
        if seat.removed is not None:
            return Refusal(Reason.ACTIVATION_REMOVED)
        if _is_reuse(seat, asked):
            return Refusal(Reason.REQUEST_ID_REUSED)
        if refusal := self._standing(sold):
            return refusal
        if _is_repeat(seat, asked):
            return self._repeated(sold, seat)
        here = hardware.usable(asked.hardware)
        is_clone = counter in seat.left_behind
        if refusal := self._app(sold, asked.app) or _unusable(here):
            return refusal
        if is_clone and self.terms(sold)["clone"] is OnClone.REFUSE:
            evidence = {"expected": seat.counter, "presented": counter}
            return Refusal(Reason.CLONE_DETECTED, evidence)
        if not hardware.is_same(here, seat.hardware):
            differing = hardware.differing(here, seat.hardware) or sorted(seat.hardware)
            return Refusal(Reason.HARDWARE_MISMATCH, {"components": differing})
        return self._go_on(sold, seat, counter, asked)

    def _go_on(self, sold: License, seat: Seat, counter: int, asked: Asked) -> Answer:
        """Take a check-in of whatever branch."""
        told: list[Notice] = []
        hours = None
        if counter in seat.left_behind:
            hours = self.terms(sold)["clone_certificate_hours"]
            told = [Notice.CLONE_SUSPECTED]
            sold.events.append((self.now, "clone_suspected"))
        elif counter < seat.counter:
            told = [Notice.FORK_SEEN]
            sold.events.append((self.now, "fork_seen"))
        elif counter > seat.counter:
            sold.events.append((self.now, "counter_caught_up"))
        if counter < seat.counter:
            seat.left_behind = set(range(1, seat.counter + 1))
        following = max(seat.counter, counter) + 1
        return self._renew(sold, seat, asked, "reactivated", following, told, hours)

    # Giving back

    def _give_back(self, sold: License, seat: Seat, request_id: UUID) -> Answer | Refusal:
        if seat.removed_by == "app":
            return self._answer(sold, seat, repeated=True)
        if seat.removed is not None:
            return Refusal(Reason.ACTIVATION_REMOVED)
        if seat.last.request_id == request_id:
            return Refusal(Reason.REQUEST_ID_REUSED)
        limit, days = self.terms(sold)["transfers"], self.terms(sold)["transfer_days"]
        given = 0
        for other in sold.seats:
            recent = other.removed is not None and self.now - other.removed < timedelta(days=days)
            given += recent and other.removed_by == "app"
        if limit is not None and given >= limit:
            evidence = {"limit": limit, "used": given, "days": days}
            return Refusal(Reason.TRANSFER_LIMIT_REACHED, evidence)
        seat.removed, seat.removed_by = self.now, "app"
        sold.events.append((self.now, "deactivated"))
        return self._answer(sold, seat)

    # Why not

    def _standing(self, sold: License) -> Refusal | None:
        if sold.status == "revoked":
            return Refusal(Reason.LICENSE_REVOKED)
        if sold.status == "suspended":
            return Refusal(Reason.LICENSE_SUSPENDED)
        end, stop = self.end(sold), self.stop(sold)
        if end is not None and stop is not None and self.now >= stop:
            return Refusal(Reason.LICENSE_EXPIRED, {"expired": _text(end)})
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
            evidence = {"maintenance_until": _text(until), "released": str(app.released)}
            return Refusal(Reason.VERSION_NOT_COVERED, evidence)
        return None

    def _noted(self, sold: License, answer: Answer | Refusal) -> Answer | Refusal:
        """Note a refusal for support: the last of each code, and how many there were."""
        if isinstance(answer, Refusal):
            before = sold.refusals.get(answer.reason)
            times = 1 if before is None else before.times + 1
            sold.refusals[answer.reason] = Noted(self.now, answer.evidence, times)
        return answer

    # What is answered

    def _renew(
        self,
        sold: License,
        seat: Seat,
        asked: Asked,
        outcome: str,
        counter: int,
        told: list[Notice] | None = None,
        hours: int | None = None,
    ) -> Answer:
        here = hardware.usable(asked.hardware)
        notices = list(told or [])
        if hardware.differing(here, seat.hardware):
            notices.append(Notice.HARDWARE_CHANGED)
            sold.events.append((self.now, "hardware_changed"))
        seat.hardware, seat.counter = here, counter
        seat.last = self._last(sold, asked, outcome, counter, hours)
        return self._answer(sold, seat, notices)

    def _last(
        self, sold: License, asked: Asked, outcome: str, counter: int, hours: int | None = None
    ) -> Last:
        """Say what the certificate must say, and which key signs it."""
        terms = self.terms(sold)
        spans = [timedelta(days=days) for days in [terms["certificate_days"]] if days is not None]
        spans += [timedelta(hours=hours)] if hours is not None else []
        stop = self.stop(sold)
        ends = [self.now + span for span in spans] + ([] if stop is None else [stop])
        end = min(ends) if ends else None
        lifetime = terms["certificate_days"]
        days = [terms["check_in_days"], *([] if lifetime is None else [lifetime / 2])]
        check_in = self.now + timedelta(days=min(days))
        claims = {
            "aud": sold.product,
            "iat": _seconds(self.now),
            "check_in_after": _seconds(check_in if end is None else min(check_in, end)),
            "seq": counter,
            "nonce": asked.nonce,
            "lic": self._covered(sold),
            "hw": hardware.usable(asked.hardware),
        } | ({} if end is None else {"exp": _seconds(end)})
        key = self.keys.signing(sold.product)
        key.has_signed(end)
        return Last(outcome, asked.request_id, asked.body, asked.app.version, claims, end, key.kid)

    def _covered(self, sold: License) -> dict[str, Any]:
        terms, end, until = self.terms(sold), self.end(sold), self.maintained(sold)
        return {
            "id": str(sold.license_id),
            "edition": terms["edition"],
            "kind": "perpetual" if end is None else "subscription",
            "seats": terms["seats"],
            "expires": None if end is None else _seconds(end),
            "maintenance_until": None if until is None else _seconds(until),
            "features": list(terms["features"]),
        }

    def _repeated(self, sold: License, seat: Seat) -> Answer:
        """Answer a retry; only where its key is retired, another one signs the same again."""
        if self.keys.by_kid(seat.last.kid).retired:
            key = self.keys.signing(sold.product)
            key.has_signed(seat.last.end)
            seat.last.kid, seat.last.signed = key.kid, None
        return self._answer(sold, seat, repeated=True)

    def _answer(
        self,
        sold: License,
        seat: Seat,
        told: list[Notice] | None = None,
        *,
        repeated: bool = False,
    ) -> Answer:
        if not repeated:  # a retry is told what it was told before
            seat.last.notices = [*self._notices(sold), *(told or [])]
        limit, allowed, used = self._limit(sold), self.allowed(sold), len(self.active(sold))
        return Answer(seat, limit, allowed, used, seat.last.notices, repeated)

    def _notices(self, sold: License) -> list[Notice]:
        limit, found = self._limit(sold), []
        ends: list[tuple[datetime | None, Notice, Notice]] = [
            (self.end(sold), Notice.LICENSE_ENDS_SOON, Notice.LICENSE_IN_GRACE),
            (self.maintained(sold), Notice.MAINTENANCE_ENDS_SOON, Notice.MAINTENANCE_ENDED),
        ]
        for end, before, after in ends:
            if end is not None and end <= self.now:
                found.append(after)
            elif end is not None and end - ENDS_SOON <= self.now:
                found.append(before)
        if limit is not None and len(self.active(sold)) > limit:
            found.append(Notice.OVERAGE)
        return found

    def _limit(self, sold: License) -> int | None:
        limit: int | None = self.terms(sold)["seats"]
        return limit


def _nearest(here: dict[str, str], same: list[Seat]) -> Seat:
    """The seat with the fewest other components; of several, the one that was taken first."""
    fewest = min(len(hardware.differing(here, seat.hardware)) for seat in same)
    near = [seat for seat in same if len(hardware.differing(here, seat.hardware)) == fewest]
    return min(near, key=lambda seat: (seat.activated, seat.activation_id))


def _is_key(sold: License, typed: str | None) -> bool:
    """Whether a key was typed, in whatever case."""
    return typed is not None and typed.upper() == sold.key


def _is_repeat(seat: Seat, asked: Asked) -> bool:
    return (seat.last.request_id, seat.last.body) == (asked.request_id, asked.body)


def _is_reuse(seat: Seat, asked: Asked) -> bool:
    return seat.last.request_id == asked.request_id and seat.last.body != asked.body


def _unusable(here: dict[str, str]) -> Refusal | None:
    return None if hardware.identifies(here) else Refusal(Reason.HARDWARE_ID_UNUSABLE)


def _is_above(version: str, highest: str) -> bool:
    """Whether a version is above the highest one covered; 9 is every 9.x."""
    for mine, most in zip(version.split("."), highest.split("."), strict=False):
        if int(mine) != int(most):
            return int(mine) > int(most)
    return False


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
