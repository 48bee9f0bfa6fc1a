"""The state machine: what apps, computers, operators and time may do, in any order.

Each rule is one step. What the server and the model make of it is compared in `play.py`. A new
call of the protocol is a `Kind` in `apps.py`, its decision in `plain.py`, where it goes in `Play`'s
`_foretell` and `_call`, and a rule here; a new term is a line in `sales.py` and what it decides.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ClassVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from activation_server.rules.license import App
from tests.model import sales
from tests.model.apps import Installed, Kind, Machine, Memory, Sent, request
from tests.model.plain_hardware import ANCHORS, PLACEHOLDERS, WEIGHTS
from tests.model.play import Play, Tally
from tests.model.records import License
from tests.model.server import Server

PRODUCTS = ("backup-pro", "photo-lab")
COMPUTERS = ("Ana's", "Ben's", "Eva's", "Ion's")
MODEL = {name: f"{name} of the model" for name in ("cpu", "memory", "mac")}
MOST_LICENSES = 5
# At the licenses as support is shown them: each takes as long as two steps, and what went wrong
# shows later as well, as histories, seats and refusals stay.
STEPS_BETWEEN_LOOKS = 10
SPANS = (
    *(timedelta(seconds=seconds) for seconds in (1, 600)),
    *(timedelta(hours=hours) for hours in (1, 25)),
    *(timedelta(days=days) for days in (3, 10, 29, 31, 90, 200)),
)


def step(**arguments: Any) -> Callable[[Callable[..., None]], Any]:
    """Declare a rule whose executions are counted."""

    def declare(function: Callable[..., None]) -> Any:
        @wraps(function)
        def counted(self: "LicensePlay", **values: Any) -> None:
            self.tally.steps += 1
            self.tally.rules[function.__name__] += 1
            self.steps += 1
            self.sound = False
            function(self, **values)
            if self.steps % STEPS_BETWEEN_LOOKS == 0:
                self.play.compare_touched()
            self.sound = True
            self.tally.on_step()

        return rule(**arguments)(counted)

    return declare


def chosen(names: Callable[["LicensePlay"], list[str]]) -> st.SearchStrategy[Any]:
    """One of the names that the machine has for a thing in its present state."""
    return st.runner().flatmap(lambda machine: st.sampled_from(names(machine)))


ANY_APP = st.sampled_from([f"app {number}" for number in range(1, 7)])
ACTIVATED = chosen(lambda machine: machine.activated())
USED = chosen(lambda machine: machine.used())
LICENSE = chosen(lambda machine: list(machine.licenses))
COMPUTER = st.sampled_from(COMPUTERS)
SCOPE = st.sampled_from([None, *PRODUCTS])
KEYS_OTHERWISE = ("typo", "lower", "other product", "replaced", "replaced")
LATE = st.integers(1, 12)  # how many requests ago


class LicensePlay(RuleBasedStateMachine):
    """Apps on computers, licenses, a vendor, a server's disk, and time."""

    server: ClassVar[Server]
    tally: ClassVar[Tally] = Tally()

    def __init__(self) -> None:
        super().__init__()
        self.play = Play(self.server, self.tally)
        self.requests = self.steps = 0
        self.sound = False  # whether the last step found no difference
        self.sent: list[Sent] = []
        self.licenses: dict[str, License] = {}
        self.computers = {
            owner: Machine({name: f"{name} of {owner}" for name in ANCHORS} | MODEL)
            for owner in COMPUTERS
        }
        homes = [*COMPUTERS, *COMPUTERS[:2]]  # two computers have two apps
        self.apps = {
            f"app {number}": Installed(self.computers[owner])
            for number, owner in enumerate(homes, start=1)
        }

    @initialize(first=sales.terms(), second=sales.terms(), own=sales.terms(), trial=sales.trials())
    def open_the_shop(self, trial: dict[str, Any], own: dict[str, Any], **terms: Any) -> None:
        for product, each in zip(PRODUCTS, (terms["first"], terms["second"]), strict=True):
            self.play.add_product(product, each, trial)
            self._sell(product, {})
        self._sell(PRODUCTS[0], own)
        for app, license_ in zip(self.apps.values(), [*self.licenses.values()] * 2, strict=True):
            self._activate(app, license_)
        self.sound = True

    def teardown(self) -> None:
        if self.sound:
            self.play.compare_touched()

    def activated(self) -> list[str]:
        return [name for name, app in self.apps.items() if app.memory.activation_id is not None]

    def used(self) -> list[str]:
        return [name for name, app in self.apps.items() if app.memory.sent is not None]

    def has_activated(self) -> bool:
        return bool(self.activated())

    def has_used(self) -> bool:
        return bool(self.used())

    # Apps activate, check in and give back

    @step(app=ANY_APP, license_=LICENSE, lost=st.booleans())
    def activate(self, app: str, license_: str, *, lost: bool) -> None:
        self._activate(self.apps[app], self.licenses[license_], lost=lost)

    @step(app=ANY_APP, license_=LICENSE, how=st.sampled_from(KEYS_OTHERWISE))
    def activate_with_a_key_typed_otherwise(self, app: str, license_: str, how: str) -> None:
        sold = self.licenses[license_]
        product = PRODUCTS[sold.product == PRODUCTS[0]] if how == "other product" else sold.product
        old = next(iter(sold.old_keys), sold.key)
        keys = {"typo": sold.key[1:], "lower": sold.key.lower(), "replaced": old}
        key = keys.get(how, sold.key)
        self._send(self.apps[app], Kind.ACTIVATE, product=product, key=key)

    @step(
        app=ANY_APP,
        product=st.sampled_from([*PRODUCTS, PRODUCTS[0], "no-such"]),
        lost=st.booleans(),
    )
    def start_trial(self, app: str, product: str, *, lost: bool) -> None:
        self._start_trial(self.apps[app], product, lost=lost)

    def _start_trial(self, app: Installed, product: str, *, lost: bool = False) -> None:
        before = len(self.play.plain.licenses)
        self._send(app, Kind.TRIAL, product=product, lost=lost)
        for given in self.play.plain.licenses[before:]:
            self.licenses[f"license {len(self.licenses) + 1}"] = given

    @precondition(has_activated)
    @step(app=ACTIVATED, lost=st.booleans())
    def check_in(self, app: str, *, lost: bool) -> None:
        self._send(self.apps[app], Kind.CHECK_IN, lost=lost)

    @precondition(has_activated)
    @step()
    def everybody_checks_in(self) -> None:
        for app in self.activated():
            self._send(self.apps[app], Kind.CHECK_IN)

    @precondition(has_activated)
    @step(app=ACTIVATED, license_=LICENSE)
    def check_in_naming_a_license(self, app: str, license_: str) -> None:
        sold = self.licenses[license_]
        key = next(iter(sold.old_keys), sold.key)
        self._send(self.apps[app], Kind.CHECK_IN, product=sold.product, key=key)

    @precondition(has_activated)
    @step(app=ACTIVATED, other=ACTIVATED, kind=st.sampled_from([Kind.CHECK_IN, Kind.GIVE_BACK]))
    def present_the_token_of_another_app(self, app: str, other: str, kind: Kind) -> None:
        token = self.apps[other].memory.token
        self._send(self.apps[app], kind, token=token)

    @precondition(has_activated)
    @step(app=ACTIVATED, lost=st.booleans())
    def give_back(self, app: str, *, lost: bool) -> None:
        self._send(self.apps[app], Kind.GIVE_BACK, lost=lost)

    @precondition(has_activated)
    @step(app=ACTIVATED, onto=ANY_APP, license_=LICENSE)
    def transfer(self, app: str, onto: str, license_: str) -> None:
        if self._send(self.apps[app], Kind.GIVE_BACK):
            self._activate(self.apps[onto], self.licenses[license_])

    @precondition(has_used)
    @step(app=USED, lost=st.booleans())
    def retry(self, app: str, *, lost: bool) -> None:
        sent = self.apps[app].memory.sent
        assert sent is not None
        self.play.send(self.apps[app], sent, lost=lost)

    @step(late=LATE)
    def deliver_once_more(self, late: int) -> None:
        """A request of before arrives again, late; nobody waits for its answer any more."""
        self.play.send(Installed(Machine({})), self.sent[-late % len(self.sent)], lost=True)

    @step(late=LATE, on=ANY_APP, kind=st.sampled_from(Kind), license_=LICENSE)
    def reuse_a_request_id(self, late: int, on: str, kind: Kind, license_: str) -> None:
        """Another body under the id of a request of before, on the same computer or another."""
        installed, sold = self.apps[on], self.licenses[license_]
        request_id = self.sent[-late % len(self.sent)].request.request_id
        if kind is Kind.ACTIVATE:
            self._activate(installed, sold, request_id=request_id)
        elif kind is Kind.TRIAL:
            self._send(installed, kind, product=sold.product, request_id=request_id)
        elif installed.memory.activation_id is not None:
            self._send(installed, kind, request_id=request_id)

    # What is there under more names is drawn more often.
    check_in_2 = check_in_3 = check_in_4 = check_in
    activate_2 = activate
    start_trial_2 = start_trial
    retry_2 = retry_3 = retry

    @step(app=ANY_APP, version=sales.apps())
    def update(self, app: str, version: App) -> None:
        self.apps[app].app = version

    # Disks are backed up, restored, copied, swapped; systems installed anew

    @step(app=ANY_APP)
    def back_up(self, app: str) -> None:
        self.apps[app].backup = self.apps[app].memory

    @precondition(lambda self: any(app.backup for app in self.apps.values()))
    @step(app=chosen(lambda self: [name for name, app in self.apps.items() if app.backup]))
    def restore_from_backup(self, app: str) -> None:
        self.apps[app].memory = self.apps[app].backup or Memory()

    @precondition(has_used)
    @step(app=USED, onto=ANY_APP, image=st.booleans())
    def clone(self, app: str, onto: str, *, image: bool) -> None:
        """Copy what an app remembers; with the image of a disk, the system's ids as well."""
        source, target = self.apps[app], self.apps[onto]
        target.memory, target.app = source.memory, source.app
        if image:
            for name in ("hardware_id", "os_machine_id"):
                target.computer.parts[name] = source.computer.parts[name]

    @step(app=ANY_APP)
    def reinstall(self, app: str) -> None:
        self.apps[app].memory = Memory()

    @step(
        owner=COMPUTER,
        part=st.sampled_from(sorted(WEIGHTS)),
        of=st.sampled_from([*COMPUTERS, "the shop", *PLACEHOLDERS[:1]]),
    )
    def drift(self, owner: str, part: str, of: str) -> None:
        value = of if of in PLACEHOLDERS else f"{part} of {of}"
        self.computers[owner].parts[part] = value

    @step(owner=COMPUTER, of=st.sampled_from([*COMPUTERS, "the shop"]))
    def swap_disk(self, owner: str, of: str) -> None:
        for name in ("disk_serial", "os_machine_id"):
            self.computers[owner].parts[name] = f"{name} of {of}"

    @step(owner=COMPUTER)
    def replace_computer(self, owner: str) -> None:
        for name in ANCHORS:
            self.requests += 1
            self.computers[owner].parts[name] = f"{name} {self.requests}"

    @step(
        owner=COMPUTER,
        hidden=st.sampled_from(
            [
                (),
                ("system_uuid", "board_serial"),
                tuple(sorted({*WEIGHTS} - {"hardware_id"})),
                ANCHORS,
            ]
        ),
    )
    def see_less_of(self, owner: str, hidden: tuple[str, ...]) -> None:
        self.computers[owner].hidden = frozenset(hidden)

    # The vendor sells, helps, suspends, changes terms

    @precondition(lambda self: len(self.licenses) < MOST_LICENSES)
    @step(
        product=st.sampled_from(PRODUCTS),
        overrides=sales.terms(),
        expires=sales.ends(),
        maintenance_until=sales.ends(),
    )
    def sell(self, product: str, overrides: dict[str, Any], **ends: Any) -> None:
        self._sell(product, overrides, **ends)

    @step(
        license_=LICENSE,
        change=st.sampled_from(["reinstate", "suspend", "reinstate", "revoke", "reinstate"]),
    )
    def change_standing(self, license_: str, change: str) -> None:
        self.play.change_standing(self.licenses[license_], change)

    @precondition(has_activated)
    @step(app=ACTIVATED)
    def remove_by_support(self, app: str) -> None:
        activation_id = self.apps[app].memory.activation_id
        assert activation_id is not None
        self.play.remove(activation_id)

    @step(product=st.sampled_from(PRODUCTS), changes=sales.one_term())
    def change_policy(self, product: str, changes: dict[str, Any]) -> None:
        self.play.change_policy(product, changes)

    # Time passes

    @step(span=st.sampled_from(SPANS))
    def pass_time(self, span: timedelta) -> None:
        self.play.pass_time(self.play.plain.now + span)

    @step(license_=LICENSE, which=st.integers(0, 4), seconds=st.sampled_from([0, -1, 1]))
    def come_to_an_end(self, license_: str, which: int, seconds: int) -> None:
        """Come to the very moment of a license's next end, or a second off."""
        plain, sold = self.play.plain, self.licenses[license_]
        ends = [plain.end(sold), plain.stop(sold), plain.maintained(sold)]
        ends += [seat.last.end for seat in plain.active(sold)]  # a lease's end is one
        window = timedelta(days=plain.terms(sold)["transfer_days"])
        ends += [seat.removed + window for seat in sold.seats if seat.removed is not None]
        off = timedelta(seconds=seconds)
        ahead = [end + off for end in ends if end is not None and end + off > plain.now]
        if ahead:
            self.play.pass_time(ahead[which % len(ahead)])

    # Signing keys

    @step(product=SCOPE)
    def prepare_key(self, product: str | None) -> None:
        self.play.prepare_key(product)

    @step(product=SCOPE)
    def rotate_keys(self, product: str | None) -> None:
        self.play.rotate_keys(product)

    @step(number=st.integers(0, 9), compromised=st.booleans())
    def retire_key(self, number: int, *, compromised: bool) -> None:
        self.play.retire_key(number, compromised=compromised)

    # The server's own disk

    @step()
    def save_server(self) -> None:
        self.play.back_up()

    @precondition(lambda self: self.play.kept is not None)
    @step()
    def restore_server(self) -> None:
        self.play.restore()
        then = {sold.license_id: sold for sold in self.play.plain.licenses}
        self.licenses = {
            name: then[sold.license_id]
            for name, sold in self.licenses.items()
            if sold.license_id in then
        }

    # How

    def _activate(self, app: Installed, sold: License, **options: Any) -> bool:
        return self._send(app, Kind.ACTIVATE, product=sold.product, key=sold.key, **options)

    def _send(
        self,
        app: Installed,
        kind: Kind,
        *,
        product: str | None = None,
        key: str | None = None,
        request_id: UUID | None = None,
        token: str | None = None,
        lost: bool = False,
    ) -> bool:
        """Send a new request; whether it was granted."""
        self.requests += 1
        request_id = request_id or UUID(int=self.requests, version=4)
        asked = request(app, request_id, self.requests, product, key)
        if kind in {Kind.ACTIVATE, Kind.TRIAL}:
            sent = Sent(kind, asked)
        else:
            sent = Sent(kind, asked, app.memory.activation_id, token or app.memory.token)
        self.sent.append(sent)
        return self.play.send(app, sent, lost=lost)

    def _sell(self, product: str, overrides: dict[str, Any], **ends: Any) -> None:
        given = {"expires": None, "maintenance_until": None} | ends
        name = f"license {len(self.licenses) + 1}"
        self.licenses[name] = self.play.sell(product, overrides, **given)
