"""Plays years of ordinary days against the plain model: what is due goes, and nothing else."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from unittest.mock import patch
from uuid import UUID

from sqlalchemy import text

from activation_server.rules.errors import OperatorError
from activation_server.rules.hold import HoldOrder
from activation_server.rules.person import Person, Told
from activation_server.rules.reasons import Reason, Refused
from activation_server.rules.retention import Lifetime, Unit
from activation_server.services import (
    activation,
    audit,
    erasure,
    holds,
    licensing,
    new_seat,
    products,
    seat_changes,
    trials,
)
from activation_server.services import retention as service
from activation_server.services.calls import Certified, Request
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.services.licensing import Order
from activation_server.services.trials import Started
from activation_server.store import partitions
from activation_server.store.database import Connection
from tests.conftest import Clock
from tests.retention import server
from tests.retention.plain import Fact, Hold, News, Plain
from tests.retention.server import KilledError, MortalDatabase
from tests.services.calls import PRODUCT, make_request

DAY = timedelta(days=1)
IN_USE = 8  # licenses sold last that most actions are about
NETWORK = "203.0.113.0/24"


@dataclass
class Installed:
    """An app with its seat, and what it tells at each check-in."""

    license_id: UUID
    computer: int
    news: News | None
    tokens: list[str] = field(default_factory=list)

    @property
    def is_loyal(self) -> bool:
        """Whether it stays for ever, and repeats the same comment."""
        return self.computer % 4 == 0 and self.news is not None and self.news.comment is not None


@dataclass
class Sold:
    license_id: UUID
    key: str
    buyer: str | None
    seats: list[UUID] = field(default_factory=list)


def a_person(name: str) -> dict[str, str]:
    return {"name": f"{name} Popescu", "company": f"{name} SRL", "email": f"{name}@example.com"}


@dataclass
class Play:
    """Both sides, and chance."""

    context: Context
    clock: Clock
    chance: random.Random
    plain: Plain = field(default_factory=Plain)
    counts: Counter[str] = field(default_factory=Counter)
    sold: list[Sold] = field(default_factory=list)
    installed: dict[UUID, Installed] = field(default_factory=dict)
    trials: list[tuple[int, datetime]] = field(default_factory=list)
    number: int = 0
    finished: datetime | None = None  # when the last run that came to its end began

    async def begin(self) -> None:
        database = MortalDatabase(self.context.database.engine, [])
        vars(database)["_lanes"] = self.context.database._lanes  # closed with the others
        self.context = replace(self.context, database=database)
        await products.add_product(self.context, PRODUCT, "Backup Pro", "EdDSA")
        await products.add_policy(self.context, PRODUCT, "trial", {"trial_days": 14})
        await products.add_policy(self.context, PRODUCT, "flagged", {"clone": "flag"})

    @property
    def now(self) -> datetime:
        return self.clock.now

    # Days

    async def day(self, start: datetime, actions: int, *, run: bool = True) -> None:
        """Do some things and, at any hour between them, what the server does each day."""
        seconds = sorted(self.chance.sample(range(1, 86_400), actions + 1))
        hour = self.chance.randrange(actions + 1)
        if start.day == 1 or not self.counts["days"]:
            self.clock.now = start
            await self._transact(lambda connection: partitions.ensure(connection, start))
        self.counts["days"] += 1
        for place, second in enumerate(seconds):
            self.clock.now = start + timedelta(seconds=second)
            if place != hour:
                await self.act()
            elif run:
                await self.daily_run()

    def is_quiet(self, day: datetime) -> bool:
        """Whether nothing is due by the day after a day: a run has nothing to do, nor too early."""
        return not any(self.plain.facts(day + 2 * DAY).values())

    # Runs

    async def daily_run(self) -> None:
        if self.chance.random() < 0.15:
            return await self.killed_run()
        done = await service.run_daily(self.context)
        soon = self.finished is not None and self.now - self.finished < timedelta(hours=22)
        assert (done is None) == soon
        if done is None:
            return None
        self.finished = self.now
        self.counts["runs"] += 1
        await self.compare()
        if self.chance.random() < 0.2:
            self.counts["second runs"] += 1
            before = await self._transact(server.digest)
            await service.run(self.context, lambda *_told: None)
            assert await self._transact(server.digest) == before
        return None

    async def killed_run(self) -> None:
        """Die after a batch, or in the middle of a transaction; the next day's run goes on."""
        left = self.chance.randint(1, 6)

        def progress(*_told: object) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise KilledError

        if self.chance.random() < 0.5:
            progress_or_not: Callable[..., None] = progress
        else:
            progress_or_not = lambda *_told: None  # noqa: E731
            self._fuse[:] = [self.chance.randint(1, 12)]
        began = self.now
        try:
            await service.run(self.context, progress_or_not)
        except KilledError:
            self.counts["kills"] += 1
            await self.compare(killed=True)
        else:
            self.finished = began
            self._fuse.clear()
            self.counts["runs"] += 1
            await self.compare()

    @property
    def _fuse(self) -> list[int]:
        assert isinstance(self.context.database, MortalDatabase)
        return self.context.database.fuse

    async def compare(self, *, killed: bool = False) -> None:
        """What is not due is there; what is due is gone, after a kill maybe."""
        found = await self._transact(server.facts)
        self._learn_entries(found)
        model = self.plain.facts(self.now)
        early = {fact for fact, due in model.items() if not due} - found
        assert not early, f"{self.now}: gone too early: {_some(early)}"
        unknown = found - model.keys()
        assert not unknown, f"{self.now}: unknown: {_some(unknown)}"
        late = {fact for fact, due in model.items() if due} & found
        assert killed or not late, f"{self.now}: due, and there: {_some(late)}"
        gone = model.keys() - found
        for fact in gone:
            self.plain.forget(fact)
        for seat_id in [each[2] for each in gone if each[0] == "seat"]:
            lost = self.installed.pop(seat_id)
            next(each for each in self.sold if each.license_id == lost.license_id).seats.remove(
                seat_id
            )
        self.counts["facts compared"] += len(model)
        self.counts["facts gone"] += len(gone)
        self.counts.update(f"gone: {fact[0]}" for fact in gone)
        if self._one_in(3):
            await self.compare_words()

    def _learn_entries(self, found: set[Fact]) -> None:
        """Take the new entries of the audit log, which operators' and the runs' own acts write."""
        last = max((fact[1] for fact in self.plain.records if fact[0] == "entry"), default=0)
        new = {fact for fact in found if fact[0] == "entry" and fact[1] > last}
        self.plain.records |= {fact: fact[2] for fact in new}

    async def compare_words(self) -> None:
        """Open the people of one license: what they told stands there to the letter."""
        if not self.sold:
            return
        license_id = self.chance.choice(self.sold).license_id
        shown = await licensing.show(self.context, str(license_id), "to compare")
        found = {
            each.person_id: (
                {name: word for name in a_person("") if (word := getattr(each.person, name))},
                {key: (one.name, one.comments) for key, one in each.computers.items()},
            )
            for each in shown.view.people
            if each.erased_at is None
        }
        license_ = self.plain.licenses[license_id]
        wanted = {
            person_id: (
                person.words,
                {
                    seat_id: (seat.name, seat.comment)
                    for seat_id, seat in license_.seats.items()
                    if seat.person_id == person_id
                },
            )
            for person_id, person in license_.people.items()
            if not person.erased
        }
        assert found == wanted, f"{self.now}: other words on {license_id}"
        self.counts["people opened"] += len(found)

    # Actions

    async def act(self) -> None:
        """Do one of the things that happen."""
        weighted: dict[Callable[[], Awaitable[None]], int] = {
            self.sell: 6,
            self.activate: 14,
            self.check_in: 34,
            self.fork: 8,
            self.other_hardware: 5,
            self.give_back: 7,
            self.start_trial: 6,
            self.hold: 6,
            self.lift: 2,
            self.erase: 4,
            self.choose: 1,
        }
        [action] = self.chance.choices(list(weighted), list(weighted.values()))
        await action()
        self.counts[action.__name__] += 1

    async def sell(self) -> None:
        buyer = f"buyer{self.chance.randrange(40)}" if self.chance.random() < 0.6 else None
        policy = self.chance.choice(["standard", "flagged"])
        words = a_person(buyer) if buyer else {}
        order = Order(
            PRODUCT, policy, {"seats": 3}, None, None, None, count=1, buyer=Person(**words)
        )
        [issued] = await licensing.issue(self.context, order, lambda _done: None)
        license_id = issued.license.license_id
        self.plain.sold(
            self.now,
            license_id,
            (await self._new_person(license_id), words) if buyer else None,
        )
        self.plain.line(self.now, license_id, "issued")
        self.sold.append(Sold(license_id, issued.license_key, buyer))

    def _license(self) -> Sold | None:
        """The first two are used for ever, most of the others for a while; a few come back."""
        some = self.sold if self.chance.random() < 0.05 else self.sold[:2] + self.sold[-IN_USE:]
        return self.chance.choice(some) if some else None

    def _seat(self) -> UUID | None:
        sold = self._license()
        return self.chance.choice(sold.seats) if sold and sold.seats else None

    async def activate(self) -> None:
        """A new computer, or one with a seat that its app forgot."""
        sold = self._license()
        if sold is None or not sold.key:
            return
        again = self.chance.choice(sold.seats) if sold.seats and self._one_in(3) else None
        if again is not None and (
            self.installed[again].is_loyal
            or self.plain.licenses[sold.license_id].seats[again].removed
        ):
            again = None
        app = self.installed[again] if again else None
        computer = app.computer if app else self._next()
        news = (
            self._news(sold, of=app.news if app else None)
            if self._one_in(2) or app is None
            else None
        )
        request = self._request(computer, news, product=PRODUCT, license_key=sold.key)
        answer = await new_seat.activate(self.context, request)
        if isinstance(answer, Refused):
            assert answer.reason is Reason.SEAT_LIMIT_REACHED
            self.plain.refused(self.now, sold.license_id, answer.reason, network=False)
            self.counts["refusals"] += 1
            return
        if app is None:
            self.plain.line(self.now, sold.license_id, "activated")
            sold.seats.append(answer.activation.activation_id)
        await self._take(answer, computer, news, activated=True)

    async def check_in(self) -> None:
        """Mostly with nothing new; with a comment or a name, or of somebody first named now."""
        loyal = [each for each, app in self.installed.items() if app.is_loyal]
        seat_id = self.chance.choice(loyal[:2]) if loyal and self._one_in(3) else self._seat()
        if seat_id:
            app, sold = self.installed[seat_id], self._sold_of(seat_id)
            if app.news is None or (self._one_in(4) and not app.is_loyal):
                app.news = self._news(sold, of=app.news)
            news = app.news if app.is_loyal or not self._one_in(5) else None
            await self._call(seat_id, app.tokens[-1], self._request(app.computer, news), news)

    async def fork(self) -> None:
        """A copy checks in from elsewhere, with an older token."""
        if (seat_id := self._seat()) and len(self.installed[seat_id].tokens) > 1:
            app = self.installed[seat_id]
            request = self._request(app.computer, None, network=NETWORK)
            await self._call(seat_id, self.chance.choice(app.tokens[-4:-1]), request, None)

    async def other_hardware(self) -> None:
        if seat_id := self._seat():
            request = self._request(self._next(), None)
            await self._call(seat_id, self.installed[seat_id].tokens[-1], request, None)

    async def _call(self, seat_id: UUID, token: str, request: Request, news: News | None) -> None:
        app = self.installed[seat_id]
        answer = await reactivate(self.context, seat_id, token, request)
        if isinstance(answer, Refused):
            seen = answer.reason is Reason.CLONE_DETECTED and request.network is not None
            self.plain.refused(self.now, app.license_id, answer.reason, network=seen)
            self.counts["refusals"] += 1
            return
        for notice in {"FORK_SEEN", "CLONE_SUSPECTED"}.intersection(answer.notices):
            seen = request.network is not None
            self.plain.line(self.now, app.license_id, notice.lower(), network=seen)
        await self._take(answer, app.computer, news, activated=False)

    async def _take(
        self, answer: Certified, computer: int, news: News | None, *, activated: bool
    ) -> None:
        license_id, seat_id = answer.activation.license_id, answer.activation.activation_id
        app = self.installed.setdefault(seat_id, Installed(license_id, computer, news))
        app.tokens = [*app.tokens[-5:], answer.check_in_token]
        app.news = news or app.news
        if self.plain.answered(self.now, license_id, seat_id, news, activated=activated):
            person_id = await self._new_person(license_id)
            self.plain.met(self.now, license_id, seat_id, person_id)

    async def give_back(self) -> None:
        """By the app, or by support."""
        if (seat_id := self._seat()) is None:
            return
        app = self.installed[seat_id]
        seat = self.plain.licenses[app.license_id].seats[seat_id]
        if seat.removed is not None or app.is_loyal:
            return
        if self._one_in(2):
            request_id = UUID(int=self._next(), version=4)
            token = app.tokens[-1]
            await activation.deactivate(self.context, seat_id, token, request_id)
            self.plain.line(self.now, app.license_id, "deactivated")
        else:
            await seat_changes.remove_activation(self.context, seat_id, "moved")
            self.plain.line(self.now, app.license_id, "activation_removed")
        seat.removed = self.now

    async def start_trial(self) -> None:
        """A new computer's, or once more on an old one: given when the last is forgotten."""
        old = [(number, at) for number, at in self.trials if self.now - at > 30 * DAY]
        again = self.chance.choice(old) if old and self._one_in(2) else None
        computer = again[0] if again else self._next()
        news = News(tuple(a_person(f"trial{computer}").items()))
        request = self._request(computer, news, product=PRODUCT)
        answer = await trials.start(self.context, request)
        given = [fact for fact in self.plain.records if fact[0] == "trial"]
        if again and (before := [fact for fact in given if fact[2] == again[1]]):
            assert isinstance(answer, Refused), f"{self.now}: a trial again, {again[1]} forgotten"
            self.plain.refused(self.now, before[0][1], answer.reason, network=False)
            self.counts["refusals"] += 1
            return
        assert isinstance(answer, Started), f"{self.now}: {answer}"
        seat = answer.certified.activation
        self.plain.tried(self.now, seat.license_id)
        self.plain.line(self.now, seat.license_id, "trial_started")
        self.plain.line(self.now, seat.license_id, "activated")
        self.sold.append(Sold(seat.license_id, "", None, [seat.activation_id]))
        await self._take(answer.certified, computer, news, activated=True)
        self.trials = [each for each in self.trials if each != again]
        self.trials.append((computer, self.now))

    async def hold(self) -> None:
        """On a license, however old, or on a person in each of theirs."""
        if not self.sold:
            return
        sold = self.chance.choice(self.sold)
        until = (self.now + timedelta(days=self.chance.choice([1, 30, 400, 1200]))).date()
        order = HoldOrder("They sue us", "Dr. Law", until)
        people = self.plain.licenses[sold.license_id].people.values()
        emails = [each.words["email"] for each in people if not each.erased]
        if emails and self._one_in(2):
            placed = await holds.place_on_person(self.context, self.chance.choice(emails), order)
        else:
            placed = await holds.place_on_license(self.context, str(sold.license_id), order)
        for each in placed:
            self.plain.held(each.hold_id, Hold(each.license_id, each.person_id, until))

    async def lift(self) -> None:
        for hold_id, hold in self.plain.holds.items():
            if hold.lifted is None and self.now.date() <= hold.until and self._one_in(2):
                await holds.lift(self.context, hold_id, "it is over")
                self.plain.lifted(self.now, hold_id)
                return

    async def erase(self) -> None:
        sold = self._license()
        people = self.plain.licenses[sold.license_id].people.values() if sold else []
        emails = [each.words["email"] for each in people if not each.erased]
        if not emails:
            return
        email = self.chance.choice(emails)
        free, count = self.plain.erasable(email, self.now)
        try:
            done = await erasure.erase(self.context, email)
        except OperatorError:
            assert not free
            self.counts["erasures refused"] += 1
        else:
            assert (free, done.counts.people) == (True, count)
            self.plain.erased(email)
            self.counts["people erased"] += count

    async def choose(self) -> None:
        """The vendor keeps seats for a shorter time, or as long as at first."""
        months = self.chance.choice([3, 24])
        await service.choose(self.context, "seat", Lifetime(months, Unit.MONTHS))
        self.plain.months["seat"] = months

    # What actions are made of

    def _news(self, sold: Sold, of: News | None = None) -> News:
        """A user's words, the same person's if one is known, with a fresh comment or a name."""
        if of is not None:
            email = dict(of.words)["email"]
            name = email.partition("@")[0]
        else:
            users = [f"user{self.chance.randrange(3)}.{sold.license_id.hex[:9]}"]
            name = self.chance.choice(users + ([sold.buyer] if sold.buyer else []))
        words = a_person(name)
        if self._one_in(3):
            words = {"email": words["email"]}
        number = self._next()
        comment = f"Comment {number}" if self._one_in(2) else None
        computer = f"PC-{number}" if self._one_in(2) else None
        return News(tuple(words.items()), comment, computer)

    def _request(self, computer: int, news: News | None, **values: Any) -> Request:
        told = Told(Person(**dict(news.words)), news.comment, news.name) if news else Told()
        return make_request(self._next(), None, computer, told=told, **values)

    def _sold_of(self, seat_id: UUID) -> Sold:
        license_id = self.installed[seat_id].license_id
        return next(each for each in self.sold if each.license_id == license_id)

    def _one_in(self, count: int) -> bool:
        return self.chance.randrange(count) == 0

    def _next(self) -> int:
        self.number += 1
        return self.number

    async def _new_person(self, license_id: UUID) -> UUID:
        """Give the one person of a license whom the model does not know yet."""
        known = self.plain.licenses.get(license_id)

        async def work(connection: Connection) -> set[UUID]:
            question = text("SELECT person_id FROM people WHERE license_id = :license_id")
            rows = await connection.execute(question, {"license_id": license_id})
            return set(rows.scalars())

        found: set[UUID] = await self._transact(work)
        [new] = found - (known.people.keys() if known else set())
        return new

    async def _transact(self, work: Callable[[Connection], Awaitable[Any]]) -> Any:
        return await self.context.database.transact(work)

    async def verify_log(self) -> None:
        """The chain of the audit log holds, over all months that went."""
        assert (await audit.verify(self.context, lambda *_told: None)).broken is None


def _some(facts: set[Fact]) -> str:
    return f"{len(facts)}, {sorted(map(str, facts))[:5]}"


@contextmanager
def small_batches() -> Iterator[None]:
    """Let runs go in small steps, so that a kill comes in between."""
    at = partial(patch, new=3)
    with (
        at("activation_server.store.disposal.BATCH"),
        at("activation_server.store.contacts.BATCH"),
        at("activation_server.store.contacts.AT_ONCE"),
        patch("activation_server.store.disposal.PAGE", new=20),
    ):
        yield
