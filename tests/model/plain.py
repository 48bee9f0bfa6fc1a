"""The model: what ../shared/protocol.md and docs/policies.md say, told as plainly as possible.

Written from those pages and not from the code: it shares with it the names of refusals and
notices, the terms and the app that it is given, and nothing that decides. It knows components of
computers in clear, and what a certificate must say, but no signature and no database.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from activation_server.rules.license import OnClone
from activation_server.rules.reasons import Notice, Reason
from tests.model import plain_hardware as hardware
from tests.model.plain_keys import Keys
from tests.model.plain_licenses import Licenses, seconds, text
from tests.model.records import Answer, Asked, Last, License, Noted, Refusal, Seat, Token


@dataclass
class Plain(Licenses):
    """The whole server, as a few lists."""

    keys: Keys = field(default_factory=Keys)

    # What apps ask for

    def activate(self, asked: Asked) -> Answer | Refusal:
        for sold in self.licenses:
            if sold.product == asked.product and sold.is_key(asked.license_key):
                replaced = sold.old_keys.get((asked.license_key or "").upper())
                return self._noted(sold, self._activate(sold, asked, replaced))
        return Refusal(Reason.LICENSE_NOT_FOUND)

    def check_in(self, activation_id: UUID, token: Token, asked: Asked) -> Answer | Refusal:
        sold, seat = self.find(activation_id)
        if sold is None or seat is None or token.activation_id != activation_id:
            return Refusal(Reason.ACTIVATION_NOT_FOUND)
        if asked.product is not None and asked.product != sold.product:
            return Refusal(Reason.ACTIVATION_NOT_FOUND)
        if asked.license_key is not None and not sold.is_key(asked.license_key):
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

    def replace_key(self, sold: License, key: str) -> None:
        """Issue a new key in place of one that leaked."""
        sold.old_keys[sold.key], sold.key = self.now, key
        sold.events.append((self.now, "key_replaced"))

    def allow_transfer(self, sold: License, *, allowed: bool) -> bool:
        """Allow one more transfer, or take that back; whether that may be done."""
        if allowed and self.terms(sold)["transfers"] is None:
            return False
        if sold.transfer_allowed is not allowed:
            sold.transfer_allowed = allowed
            told = "transfer_allowed" if allowed else "transfer_withdrawn"
            sold.events.append((self.now, told))
        return True

    # What there is

    def find(self, activation_id: UUID) -> tuple[License | None, Seat | None]:
        for sold in self.licenses:
            for seat in sold.seats:
                if seat.activation_id == activation_id:
                    return sold, seat
        return None, None

    # An activation

    def _activate(
        self, sold: License, asked: Asked, replaced: datetime | None = None
    ) -> Answer | Refusal:
        here = hardware.usable(asked.hardware)
        made = [seat for seat in sold.seats if seat.made_by == asked.request_id]
        if any(seat.removed is not None for seat in made):
            return Refusal(Reason.ACTIVATION_REMOVED)
        alike = [s for s in self.present(sold) if hardware.shares_an_anchor(here, s.hardware)]
        elsewhere = [seat for seat in made if not hardware.is_same(here, seat.hardware)]
        if elsewhere or any(_is_reuse(seat, asked) for seat in made + alike):
            return Refusal(Reason.REQUEST_ID_REUSED)
        if refusal := _replaced(replaced) or self._standing(sold):
            return refusal
        same = [seat for seat in alike if hardware.is_same(here, seat.hardware)]
        for seat in same:
            if _is_repeat(seat, asked):
                return self._repeated(sold, seat)
        if refusal := self._app(sold, asked.app) or self._unusable(here):
            return refusal
        if holding := [seat for seat in same if self.holds(seat)]:
            seat = _nearest(here, holding)
            return self._renew(sold, seat, asked, "already_activated", seat.counter + 1)
        if refusal := self._full(sold):
            return refusal
        if same:
            seat = _nearest(here, same)
            return self._renew(sold, seat, asked, "activated", seat.counter + 1)
        return self._take_seat(sold, here, asked)

    def _unusable(self, here: dict[str, str]) -> Refusal | None:
        return None if hardware.identifies(here) else Refusal(Reason.HARDWARE_ID_UNUSABLE)

    def _full(self, sold: License) -> Refusal | None:
        used, limit, allowed = len(self.active(sold)), self._limit(sold), self.allowed(sold)
        if allowed is not None and used >= allowed:
            return Refusal(Reason.SEAT_LIMIT_REACHED, {"limit": limit, "used": used})
        return None

    def _take_seat(self, sold: License, here: dict[str, str], asked: Asked) -> Answer:
        last = self._last(sold, asked, "activated", 1)
        sold.seats.append(Seat(asked.request_id, self.now, here, last, lease=self._lease(sold)))
        sold.started = sold.started or self.now
        sold.events.append((self.now, "activated"))
        self._note_overage(sold)
        return self._answer(sold, sold.seats[-1])

    def _note_overage(self, sold: License) -> None:
        """One more took a seat: was it one over what was sold?"""
        limit = self._limit(sold)
        if limit is not None and len(self.active(sold)) > limit:
            sold.events.append((self.now, "overage"))

    def _lease(self, sold: License) -> datetime | None:
        minutes = self.terms(sold)["floating_minutes"]
        return None if minutes is None else self.now + timedelta(minutes=minutes)

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
        if refusal := self._app(sold, asked.app) or self._unusable(here):
            return refusal
        if is_clone and self.terms(sold)["clone"] is OnClone.REFUSE:
            evidence = {"expected": seat.counter, "presented": counter}
            return Refusal(Reason.CLONE_DETECTED, evidence)
        if not hardware.is_same(here, seat.hardware):
            differing = hardware.differing(here, seat.hardware) or sorted(seat.hardware)
            return Refusal(Reason.HARDWARE_MISMATCH, {"components": differing})
        if not self.holds(seat) and (refusal := self._full(sold)):
            return refusal
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
        if seat.removed_by in {"app", "allowed"}:
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
        over = limit is not None and given >= limit
        if over and not sold.transfer_allowed:
            evidence = {"limit": limit, "used": given, "days": days}
            return Refusal(Reason.TRANSFER_LIMIT_REACHED, evidence)
        seat.removed, seat.removed_by = self.now, "allowed" if over else "app"
        sold.transfer_allowed = sold.transfer_allowed and not over
        sold.events.append((self.now, "deactivated"))
        return self._answer(sold, seat)

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
        retaken = not self.holds(seat)
        seat.hardware, seat.counter, seat.lease = here, counter, self._lease(sold)
        if retaken:
            self._note_overage(sold)
        seat.last = self._last(sold, asked, outcome, counter, hours)
        return self._answer(sold, seat, notices)

    def _last(
        self, sold: License, asked: Asked, outcome: str, counter: int, hours: int | None = None
    ) -> Last:
        """Say what the certificate must say, and which key signs it."""
        terms = self.terms(sold)
        spans = [timedelta(days=days) for days in [terms["certificate_days"]] if days is not None]
        if terms["floating_minutes"] is not None:
            spans.append(timedelta(minutes=terms["floating_minutes"]))
        waits = [timedelta(days=terms["check_in_days"]), *(span / 2 for span in spans)]
        spans += [timedelta(hours=hours)] if hours is not None else []
        stop = self.stop(sold)
        ends = [self.now + span for span in spans] + ([] if stop is None else [stop])
        end = min(ends) if ends else None
        check_in = self.now + min(waits)
        claims = {
            "aud": sold.product,
            "iat": seconds(self.now),
            "check_in_after": seconds(check_in if end is None else min(check_in, end)),
            "seq": counter,
            "nonce": asked.nonce,
            "lic": self._covered(sold),
            "hw": hardware.usable(asked.hardware),
        } | ({} if end is None else {"exp": seconds(end)})
        key = self.keys.signing(sold.product)
        key.has_signed(end)
        return Last(outcome, asked.request_id, asked.body, asked.app.version, claims, end, key.kid)

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


def _nearest(here: dict[str, str], same: list[Seat]) -> Seat:
    """The seat with the fewest other components; of several, the one that was taken first."""
    fewest = min(len(hardware.differing(here, seat.hardware)) for seat in same)
    near = [seat for seat in same if len(hardware.differing(here, seat.hardware)) == fewest]
    return min(near, key=lambda seat: (seat.activated, seat.activation_id))


def _replaced(at: datetime | None) -> Refusal | None:
    """Why a key that had been replaced by then is refused."""
    return None if at is None else Refusal(Reason.LICENSE_REVOKED, {"key_replaced": text(at)})


def _is_repeat(seat: Seat, asked: Asked) -> bool:
    return (seat.last.request_id, seat.last.body) == (asked.request_id, asked.body)


def _is_reuse(seat: Seat, asked: Asked) -> bool:
    return seat.last.request_id == asked.request_id and seat.last.body != asked.body
