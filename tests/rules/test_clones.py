"""Forks and clones: told by the counter in the token alone."""

import random
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from activation_server.rules.activation import (
    Granted,
    Repeated,
    activate,
    reactivate,
)
from activation_server.rules.hardware import fingerprint
from activation_server.rules.history import Event, EventKind
from activation_server.rules.license import OnClone, Terms
from activation_server.rules.reasons import Notice, Reason, Refused
from activation_server.rules.seat import Activation, Known
from tests.factories import ACTIVATION_ID, KEY, NOW, make_activation, make_call, make_license

CLONE_TOLD = {Notice.FORK_SEEN, Notice.CLONE_SUSPECTED}


@dataclass
class Server:
    """The server's side of one activation."""

    seat: Activation
    terms: Terms
    calls: int = 1

    def check_in(self, token: int, call: int | None = None) -> Granted | Repeated | Refused:
        """A check-in with a token; with a `call` of before, a retry."""
        self.calls += call is None
        request = make_call(self.calls if call is None else call)
        license_ = make_license(self.terms)
        decision = reactivate(request, token, self.seat, license_, KEY, NOW)
        if isinstance(decision, Granted):
            self.seat = decision.activation
        return decision


@dataclass
class Copy:
    """One computer's copy of the app's state."""

    server: Server
    token: int

    def check_in(self) -> set[Notice]:
        """Check in, and give what is told of it."""
        decision = self.decision()
        assert isinstance(decision, Granted), decision
        return set(decision.activation.last.notices)

    def decision(self) -> Granted | Repeated | Refused:
        """Check in, and give what is decided."""
        decision = self.server.check_in(self.token)
        if isinstance(decision, Granted):
            self.token = decision.activation.seq
        return decision

    def activate(self) -> None:
        """Activate anew, with the key."""
        server = self.server
        server.calls += 1
        known, license_ = Known(seated=(server.seat,)), make_license(server.terms)
        decision = activate(make_call(server.calls), license_, known, ACTIVATION_ID, KEY, NOW)
        assert isinstance(decision, Granted)
        server.seat = decision.activation
        self.token = decision.activation.seq

    def copied(self) -> "Copy":
        return replace(self)


@pytest.fixture
def computer() -> Copy:
    server = Server(make_activation(), Terms())
    return Copy(server, server.seat.seq)


def test_a_disk_restored_from_backup_is_a_fork_and_no_clone(computer: Copy):
    backup = computer.copied()
    for _ in range(3):
        assert computer.check_in() == set()
    assert backup.check_in() == {Notice.FORK_SEEN}
    for _ in range(10):
        assert backup.check_in() == set()


def test_a_disk_restored_again_from_a_later_backup_is_no_clone(computer: Copy):
    backup = computer.copied()
    computer.check_in()
    assert backup.check_in() == {Notice.FORK_SEEN}
    later = backup.copied()
    backup.check_in()
    assert later.check_in() == {Notice.FORK_SEEN}
    assert later.check_in() == set()


@pytest.mark.parametrize("before", [0, 1, 5])
@pytest.mark.parametrize("after", [0, 1, 5])
def test_a_clone_is_told_at_the_second_divergence(computer: Copy, before: int, after: int):
    clone = computer.copied()
    for _ in range(before + 1):
        computer.check_in()
    assert clone.check_in() == {Notice.FORK_SEEN}
    for _ in range(after):
        assert clone.check_in() == set()
    assert computer.check_in() == {Notice.CLONE_SUSPECTED}
    assert clone.check_in() == {Notice.CLONE_SUSPECTED}  # and at every further one
    assert computer.check_in() == {Notice.CLONE_SUSPECTED}


def test_any_number_of_copies_is_told_at_the_second_divergence(computer: Copy):
    copies = [computer.copied() for _ in range(5)]
    computer.check_in()
    assert copies[0].check_in() == {Notice.FORK_SEEN}
    for copy in copies[1:]:
        assert copy.check_in() == {Notice.CLONE_SUSPECTED}


def test_two_copies_in_any_order_are_always_told():
    for seed in range(2000):
        chance = random.Random(seed)
        server = Server(make_activation(), Terms())
        copies = [Copy(server, server.seat.seq)]
        for _ in range(chance.randrange(4)):
            copies[0].check_in()
        copies.append(copies[0].copied())
        divergences = 0
        for _ in range(30):
            copy = chance.choice(copies)
            diverges = copy.token != server.seat.seq
            told = copy.check_in() & CLONE_TOLD
            divergences += diverges
            assert bool(told) is diverges
            assert (told == {Notice.CLONE_SUSPECTED}) is (diverges and divergences > 1)


def test_lost_answers_are_never_an_alarm():
    """100,000 check-ins, of which every third answer is lost once or more often."""
    chance = random.Random(20261122)
    server = Server(make_activation(), Terms())
    token = server.seat.seq
    for _ in range(100_000):
        decision = server.check_in(token)
        while chance.random() < 1 / 3:
            decision = server.check_in(token, call=server.calls)
            assert isinstance(decision, Repeated)
        assert not CLONE_TOLD & set(decision.activation.last.notices)  # type: ignore[union-attr] # never refused
        token = server.seat.seq


def test_a_flagged_certificate_is_short():
    server = Server(make_activation(), Terms(clone_certificate_hours=5))
    here = Copy(server, server.seat.seq)
    there = here.copied()
    here.check_in()
    there.check_in()
    assert server.seat.last.certificate_expires == NOW + timedelta(days=30)  # one fork is ordinary
    here.check_in()
    assert server.seat.last.certificate_expires == NOW + timedelta(hours=5)
    assert server.seat.last.check_in_after == NOW + timedelta(hours=5)
    here.check_in()
    assert server.seat.last.certificate_expires == NOW + timedelta(days=30)


def test_the_stale_copy_is_refused_where_the_policy_says_so():
    server = Server(make_activation(), Terms(clone=OnClone.REFUSE))
    here = Copy(server, server.seat.seq)
    there = here.copied()
    here.check_in()
    assert there.check_in() == {Notice.FORK_SEEN}
    refused = server.check_in(here.token)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.CLONE_DETECTED
    assert refused.evidence == {"expected": 3, "presented": 2}  # what the app is told, and no more
    assert refused.noted["components"] == {"same": ["hardware_id"], "changed": [], "missing": []}
    assert there.check_in() == set()  # the other one goes on


def test_what_was_seen_stands_in_the_history(computer: Copy):
    clone = computer.copied()
    computer.check_in()
    seen = []
    for copy in (clone, computer):
        decision = computer.server.check_in(copy.token)
        assert isinstance(decision, Granted)
        seen += [(event.kind, event.details["presented"]) for event in decision.events]
    assert seen == [(EventKind.FORK_SEEN, 1), (EventKind.CLONE_SUSPECTED, 2)]


def test_support_sees_where_a_copy_is_and_what_it_is_made_of():
    hardware = {"hardware_id": b"one", "disk_serial": b"two", "cpu": b"three"}
    seat = make_activation(hardware=hardware, seq=5)
    copied = {"hardware_id": b"one", "disk_serial": b"another", "mac": b"four"}
    call = make_call(2, hardware=copied, network="203.0.113.0/24")
    decision = reactivate(call, 3, seat, make_license(), KEY, NOW)
    assert isinstance(decision, Granted)
    assert decision.events[0] == Event(
        EventKind.FORK_SEEN,
        {
            "activation_id": str(seat.activation_id),
            "expected": 5,
            "presented": 3,
            "network": "203.0.113.0/24",
            "components": {
                "same": ["hardware_id"],
                "changed": ["disk_serial"],
                "missing": ["cpu"],
            },
            "computer": fingerprint(copied),
        },
    )


def test_an_ordinary_check_in_leaves_no_trace_of_its_network():
    call = make_call(2, network="203.0.113.0/24")
    decision = reactivate(call, 1, make_activation(), make_license(), KEY, NOW)
    assert isinstance(decision, Granted)
    assert decision.events == ()
    assert "203.0.113" not in str(decision)
