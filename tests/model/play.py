"""One play: the same calls to the real server and to the model, compared at every step."""

import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from activation_server.rules.errors import OperatorError
from activation_server.rules.license import Terms
from activation_server.rules.reasons import Reason, Refused
from activation_server.services import keys, licensing, products, seat_changes, signing_keys, trials
from activation_server.services.activation import deactivate
from activation_server.services.calls import Certified, Seats
from activation_server.services.check_in import reactivate
from activation_server.services.licensing import Order
from activation_server.services.new_seat import activate
from activation_server.services.signing_keys import KeyView
from activation_server.services.trials import Started
from tests.model import certificates
from tests.model.apps import Installed, Kind, Memory, Sent, asked
from tests.model.certificates import Granted, Published
from tests.model.plain_trials import TRIAL, PlainWithTrials
from tests.model.records import Answer, License, Refusal, Seat, Token
from tests.model.server import Backup, Server

POLICY = "sold"


@dataclass
class Tally:
    """What was done so far, over all plays of a run."""

    on_step: Callable[[], None] = lambda: None
    steps: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    notices: Counter[str] = field(default_factory=Counter)


@dataclass
class Kept:
    """A backup of the server, with what the model and the apps' certificates were then."""

    rows: Backup
    plain: PlainWithTrials
    granted: list[Granted]


@dataclass
class Play:
    """The server and its model, side by side."""

    server: Server
    tally: Tally
    plain: PlainWithTrials = field(init=False)
    published: Published = field(default_factory=Published)
    granted: list[Granted] = field(default_factory=list)
    tokens: dict[str, Token] = field(default_factory=dict)
    touched: set[UUID] = field(default_factory=set)  # ids of licenses that wait to be compared
    kept: Kept | None = None

    def __post_init__(self) -> None:
        self.server.begin_anew()
        self.plain = PlainWithTrials(self.server.clock())
        [first] = self.server.run(signing_keys.list_keys(self.server.context))
        self.plain.keys.add(first.life.kid, None, began=True)
        self.compare_keys()

    # What apps do

    def send(self, installed: Installed, sent: Sent, *, lost: bool = False) -> bool:
        """Send a call to both and compare the answers; the app learns it unless it is lost."""
        installed.memory = replace(installed.memory, sent=sent)
        expected = self._foretell(sent)
        answer = self._call(sent)
        self.tally.calls[sent.kind] += 1
        if isinstance(answer, Started):
            answer = self._learn_trial(sent, answer)
        sold, _ = self._concerned(sent)
        if isinstance(expected, Refusal):
            self.tally.outcomes[expected.reason] += 1
            assert isinstance(answer, Refused), (answer, expected)
            told = (answer.reason, answer.evidence)
            assert told == (expected.reason, expected.evidence), (answer, expected)
        elif isinstance(answer, Certified):
            self._compare_answer(answer, expected)
        else:
            self.tally.outcomes["deactivated"] += 1
            assert sent.kind is Kind.GIVE_BACK, (answer, expected)
            assert answer == Seats(expected.limit, expected.used), (answer, expected)
        if sold is not None:
            self.touched.add(sold.license_id)
        if not lost:
            _learn(installed, sent, answer)
        return not isinstance(answer, Refused)

    def _learn_trial(self, sent: Sent, started: Started) -> Certified:
        """Take the key and the id of a trial's license from the server, the first time."""
        given = self.plain.trial_of(asked(sent.request))
        assert given is not None
        if not given.sold.key:
            given.sold.key = started.license_key
            given.sold.license_id = started.certified.activation.license_id
            given.sold.seats[0].last.claims["lic"]["id"] = str(given.sold.license_id)
        assert started.license_key == given.sold.key
        return started.certified

    def _foretell(self, sent: Sent) -> Answer | Refusal:
        if sent.kind is Kind.TRIAL:
            return self.plain.start_trial(asked(sent.request))
        if sent.kind is Kind.ACTIVATE:
            return self.plain.activate(asked(sent.request))
        token = self.tokens.get(sent.token, Token(None))
        assert sent.activation_id is not None
        if sent.kind is Kind.CHECK_IN:
            return self.plain.check_in(sent.activation_id, token, asked(sent.request))
        return self.plain.give_back(sent.activation_id, token, sent.request.request_id)

    def _call(self, sent: Sent) -> Certified | Seats | Refused | Started:
        context, run = self.server.context, self.server.run
        if sent.kind is Kind.TRIAL:
            return run(trials.start(context, sent.request))
        if sent.kind is Kind.ACTIVATE:
            return run(activate(context, sent.request))
        assert sent.activation_id is not None
        if sent.kind is Kind.CHECK_IN:
            return run(reactivate(context, sent.activation_id, sent.token, sent.request))
        return run(deactivate(context, sent.activation_id, sent.token, sent.request.request_id))

    def _concerned(self, sent: Sent) -> tuple[License | None, Seat | None]:
        given = self.plain.trial_of(asked(sent.request))
        if given is not None:  # an activation may have ended it
            self.touched.add(given.sold.license_id)
        if sent.activation_id is not None:
            return self.plain.find(sent.activation_id)
        for sold in self.plain.licenses:
            if sold.is_key(sent.request.license_key):
                return sold, None
        return None, None

    # How answers are compared

    def _compare_answer(self, answer: Certified, expected: Answer | Refusal) -> None:
        assert isinstance(expected, Answer), (answer, expected)
        seat, last = expected.seat, answer.activation.last
        self.tally.outcomes["repeated" if expected.repeated else last.outcome] += 1
        self.tally.notices.update(answer.notices)
        if seat.activation_id is None:
            assert self.plain.find(answer.activation.activation_id) == (None, None)
            seat.activation_id = answer.activation.activation_id
            assert expected.allowed is None or answer.seats.used <= expected.allowed
        assert answer.activation.activation_id == seat.activation_id
        assert last.outcome == seat.last.outcome
        assert (answer.seats.limit, answer.seats.used) == (expected.limit, expected.used)
        assert sorted(answer.notices) == sorted(expected.notices), (answer, expected)
        signed = answer.certificate, answer.check_in_token
        assert seat.last.signed in {None, signed} if expected.repeated else True
        seat.last.signed = signed
        self._compare_certificate(answer.certificate, seat)
        self.tokens[answer.check_in_token] = Token(seat.activation_id, seat.counter)

    def _compare_certificate(self, certificate: str, seat: Seat) -> None:
        if certificates.kid_of(certificate) not in self.published.ever:
            self._read_published()
        header, claims = certificates.read(certificate, self.published.ever)
        assert header == {"alg": "EdDSA", "kid": seat.last.kid, "typ": "activation+jwt"}
        salt = claims["hw"]["salt"]
        expected = certificates.expected_claims(seat.last.claims, str(seat.activation_id), salt)
        assert claims == expected
        self.granted.append(Granted(certificate, seat.last.end))

    def compare_touched(self) -> None:
        """See that support is shown what the model knows of each license that was touched."""
        for sold in self.plain.licenses:
            if sold.license_id in self.touched:
                self._compare_license(sold)
        self.touched.clear()

    def _compare_license(self, sold: License) -> None:
        shown = self.server.run(licensing.show(self.server.context, str(sold.license_id)))
        license_, active = shown.view.license, self.plain.active(sold)
        stored = [one for one in shown.activations if one.is_active(self.plain.now)]
        assert license_.seats_used == len(stored) == len(active)
        assert (license_.status, license_.started_at) == (sold.status, sold.started)
        assert (shown.view.license_key, license_.policy) == (sold.key, sold.policy)
        assert license_.transfer_allowed is sold.transfer_allowed
        ends = license_.expires_at, license_.maintenance_until
        assert ends == (sold.expires, sold.maintenance_until)
        assert license_.terms == Terms(**self.plain.terms(sold))
        assert sorted((one.at, one.kind) for one in shown.events) == sorted(sold.events)
        assert {one.code for one in shown.refusals} == set(sold.refusals)
        for one in shown.refusals:
            noted = sold.refusals[Reason(one.code)]
            assert (one.at, one.times) == (noted.at, noted.times)
            # Support sees more of a copy than its app is told: its parts, and its network.
            assert noted.evidence.items() <= one.evidence.items()
        assert {one.activation_id: _as_stored(one) for one in shown.activations} == {
            seat.activation_id: _as_plain(seat) for seat in sold.seats
        }

    def compare_keys(self) -> None:
        """See that each certificate that is in use verifies with what is published."""
        self._read_published()
        now = self.plain.now
        for key in self.plain.keys.all:
            if self.plain.keys.is_needed(key, now):
                assert key.kid in self.published.now, key
            elif not self.plain.keys.may_be_published(key, now):
                assert key.kid not in self.published.now, key
        self.granted = [one for one in self.granted if one.end is None or one.end > now]
        for one in self.granted:
            if not self.plain.keys.by_kid(certificates.kid_of(one.certificate)).compromised:
                assert certificates.is_verified(one.certificate, self.published.now), one

    def _read_published(self) -> None:
        self.published.read(list(self.server.run(keys.published(self.server.context))))

    # What time and operators do

    def pass_time(self, now: datetime) -> None:
        self.server.clock.now = self.plain.now = now
        self.compare_keys()

    def add_product(self, product: str, terms: dict[str, Any], trial: dict[str, Any]) -> None:
        context, run = self.server.context, self.server.run
        run(products.add_product(context, product, product.title(), "EdDSA"))
        for name, given in ((POLICY, terms), (TRIAL, trial)):
            policy = run(products.add_policy(context, product, name, given))
            self.plain.policies[product, name] = policy.terms

    def change_policy(self, product: str, changes: dict[str, Any]) -> None:
        context = self.server.context
        policy = self.server.run(products.set_policy(context, product, POLICY, changes))
        before = self.plain.policies[product, POLICY]
        names = Terms.__dataclass_fields__
        kept = {name: getattr(before, name) for name in names if name not in changes}
        self.plain.policies[product, POLICY] = Terms(**kept, **changes)
        assert policy.terms == self.plain.policies[product, POLICY]

    def sell(
        self,
        product: str,
        overrides: dict[str, Any],
        expires: datetime | None,
        maintenance_until: datetime | None,
    ) -> License:
        order = Order(product, POLICY, overrides, expires, maintenance_until, None, 1)
        [view] = self.server.run(licensing.issue(self.server.context, order, lambda _done: None))
        sold = License(
            key=view.license_key,
            license_id=view.license.license_id,
            product=product,
            policy=POLICY,
            overrides=overrides,
            issued=self.plain.now,
            expires=expires,
            maintenance_until=maintenance_until,
            events=[(self.plain.now, "issued")],
        )
        self.plain.licenses.append(sold)
        return sold

    def change_standing(self, sold: License, change: str) -> None:
        done = self.plain.change_standing(sold, change)
        key, context = str(sold.license_id), self.server.context
        self.operate(licensing.change_standing(context, key, change, "a reason"), allowed=done)
        self.touched.add(sold.license_id)

    def remove(self, activation_id: UUID) -> None:
        done = self.plain.remove(activation_id)
        context = self.server.context
        self.operate(seat_changes.remove_activation(context, activation_id, "why"), allowed=done)
        sold, _ = self.plain.find(activation_id)
        if sold is not None:
            self.touched.add(sold.license_id)

    def operate(self, work: Any, *, allowed: bool) -> Any:
        """Run an operator's command, which must be refused where the model does."""
        try:
            result = self.server.run(work)
        except OperatorError:
            assert not allowed, "an operator was refused"
            return None
        assert allowed, "an operator was not refused"
        return result

    # Signing keys

    def prepare_key(self, product: str | None) -> None:
        waits = self.plain.keys.waiting(product) is not None
        work = signing_keys.prepare(self.server.context, product)
        view: KeyView | None = self.operate(work, allowed=not waits)
        if view is not None:
            self.plain.keys.add(view.life.kid, product, began=False)
        self.compare_keys()

    def rotate_keys(self, product: str | None) -> None:
        view = self.server.run(signing_keys.rotate(self.server.context, product))
        self._succeed(product, view)
        self.compare_keys()

    def _succeed(self, product: str | None, view: KeyView) -> None:
        """Let the prepared key of a scope sign, or the new one that the server made."""
        waiting = self.plain.keys.waiting(product)
        if waiting is None:
            self.plain.keys.add(view.life.kid, product, began=True)
        else:
            assert view.life.kid == waiting.kid
            waiting.began = True

    def retire_key(self, number: int, *, compromised: bool) -> None:
        known, now = self.plain.keys, self.plain.now
        key = known.all[number % len(known.all)]
        signs = key is known.signing_in(key.product)
        free = not known.may_be_published(key, now) or not key.began
        allowed = not key.compromised if compromised else not key.retired and free
        if not compromised and known.may_be_published(key, now) and not known.is_needed(key, now):
            return  # the day that the server rounds up by: it may refuse and it may not
        work = signing_keys.retire(
            self.server.context, key.kid, "a reason", compromised=compromised
        )
        retired = self.operate(work, allowed=allowed)
        if retired is not None:
            key.retired, key.compromised = True, key.compromised or compromised
            assert (retired.successor is not None) == signs
            if retired.successor is not None:
                self._succeed(key.product, retired.successor)
        self.compare_keys()

    # The server's own disk

    def back_up(self) -> None:
        rows = self.server.back_up()
        self.kept = Kept(rows, copy.deepcopy(self.plain), list(self.granted))

    def restore(self) -> None:
        """Go back to the backup, on both sides; only the time goes on."""
        assert self.kept is not None
        self.server.restore(self.kept.rows)
        now = self.plain.now
        self.plain, self.granted = copy.deepcopy(self.kept.plain), list(self.kept.granted)
        self.plain.now = now
        self.compare_keys()


def _learn(installed: Installed, sent: Sent, answer: Certified | Seats | Refused) -> None:
    if isinstance(answer, Certified):
        seat = answer.activation.activation_id
        installed.memory = Memory(seat, answer.check_in_token, sent)
    elif isinstance(answer, Seats):
        installed.memory = Memory(sent=sent)


def _as_stored(activation: Any) -> dict[str, Any]:
    last = activation.last
    return {
        "activated": activation.activated_at,
        "removed": (activation.removed_at, activation.removed_by),
        "counter": activation.seq,
        "parts": sorted(activation.hardware),
        "outcome": last.outcome,
        "request": last.request_id,
        "end": last.certificate_expires,
        "lease": activation.leased_until,
        "app": last.app.version,
    }


def _as_plain(seat: Seat) -> dict[str, Any]:
    return {
        "activated": seat.activated,
        "removed": (seat.removed, seat.removed_by),
        "counter": seat.counter,
        "parts": sorted(seat.hardware),
        "outcome": seat.last.outcome,
        "request": seat.last.request_id,
        "end": seat.last.end,
        "lease": seat.lease,
        "app": seat.last.app,
    }
