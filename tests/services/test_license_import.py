"""Importing another system's licenses: all of them, or none, and safe to start again."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import asyncpg
import pytest
from typer.testing import CliRunner

from activation_server.cli.app import app
from activation_server.formats import license_key
from activation_server.rules.errors import OperatorError
from activation_server.rules.license import Status
from activation_server.services import finding, licensing, new_seat, products
from activation_server.services.calls import Certified, key_digests
from activation_server.services.context import Context
from activation_server.services.license_import import Phase, Report, import_licenses
from activation_server.services.licensing import LicenseView, Order
from activation_server.store.license_import import ALONE_LOCK
from tests.conftest import START, World
from tests.services.calls import granted, make_request

Result = TypeVar("Result")

HEADER = "license_key,product\n"
# Ours, with "SS" in it, which another system may have written with a capital sharp s.
OURS = next(key for key in map(license_key.make, range(10**6)) if "SS" in key)


def ignore(_phase: Phase, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass
class Vendor:
    """A vendor of the products `p` and `q` who imports files."""

    world: World
    path: Path

    def do(self, work: Callable[[Context], Awaitable[Result]]) -> Result:
        return self.world.run(work)

    def imports(
        self,
        content: str,
        *,
        dry_run: bool = False,
        progress: Callable[[Phase, int, int], None] = ignore,
    ) -> Report:
        self.path.write_text(content, encoding="utf-8", newline="")
        return self.do(
            lambda context: import_licenses(context, self.path, progress, dry_run=dry_run)
        )

    def found(self, text: str) -> Sequence[LicenseView]:
        return self.do(lambda context: finding.find(context, text)).licenses

    def key_of(self, typed: str, product: str = "p") -> str | None:
        """The key of the license that an app gets that sends what a person typed."""

        async def work(context: Context) -> str | None:
            request = make_request(1, typed, product=product, computer=1)
            answer = await new_seat.activate(context, request)
            if not isinstance(answer, Certified):
                return None
            license_id = str(granted(answer).activation.license_id)
            return (await licensing.show(context, license_id)).view.license_key

        return self.do(work)

    def sql(self, question: str) -> object:
        """Ask the database itself, from another thread: also in the middle of an import."""

        async def ask() -> object:
            url = self.world.url.replace("postgresql+asyncpg", "postgresql")
            connection = await asyncpg.connect(url)
            try:
                return await connection.fetchval(question)
            finally:
                await connection.close()

        return elsewhere(lambda: asyncio.run(ask()))

    def licenses(self) -> object:
        return self.sql("SELECT count(*) FROM licenses")


def elsewhere(work: Callable[[], Result]) -> Result:
    """Run in another thread, where an event loop may be started, and wait for it."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def once(phase: Phase, act: Callable[[], object]) -> Callable[[Phase, int, int], None]:
    """Progress that does something when a phase has its first part done."""
    done = False

    def progress(now: Phase, so_far: int, _total: int) -> None:
        nonlocal done
        if now is phase and so_far and not done:
            done = True
            act()

    return progress


def many(count: int) -> str:
    return HEADER + "".join(f"key {number},p\n" for number in range(count))


@pytest.fixture
def vendor(world: World, tmp_path: Path) -> Vendor:
    async def work(context: Context) -> None:
        await products.add_product(context, "p", "P", "EdDSA")
        await products.add_product(context, "q", "Q", "EdDSA")
        await products.add_policy(context, "p", "year", {"seats": 2, "term_days": 365})

    world.run(work)
    return Vendor(world, tmp_path / "licenses.csv")


def counts(report: Report) -> tuple[int, int, int]:
    return report.rows, report.imported, report.skipped


def test_what_a_row_says_is_what_the_license_has(vendor: Vendor) -> None:
    report = vendor.imports(
        "license_key,product,policy,edition,seats,status,issued,expires,maintenance_until,order,"
        "name,company,email\n"
        "OLD-0001,p,year,gold,7,suspended,2019-03-01,2027-12-31,2020-01-01T00:00:00Z,A-7,"
        "Ana Popescu,Exemplu SRL,ana@example.com\n"
        "OLD-0002,p,year,,unlimited,,,,,,,,\n"
        "OLD-0003,p,,,,,,,,,,,\n"
    )
    assert counts(report) == (3, 3, 0)
    assert report.faults == 0
    [first], [second], [third] = (vendor.found(f"OLD-000{number}") for number in (1, 2, 3))
    assert (first.license_key, first.key_tail, first.order_reference) == (
        "OLD-0001",
        "D0001",
        "A-7",
    )
    license_ = first.license
    assert (license_.policy, license_.status) == ("year", Status.SUSPENDED)
    assert (license_.terms.edition, license_.terms.seats) == ("gold", 7)
    assert license_.issued_at == datetime(2019, 3, 1, tzinfo=UTC)
    assert license_.expires_at == datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert license_.maintenance_until == datetime(2020, 1, 1, tzinfo=UTC)
    assert (second.license.terms.seats, second.license.terms.term_days) == (None, 365)
    assert (second.license.issued_at, second.license.expires_at) == (START, None)
    assert (third.license.policy, third.license.terms.seats) == ("standard", 1)


def test_the_history_says_imported(vendor: Vendor) -> None:
    vendor.imports(HEADER + "OLD-1,p\n")
    history = vendor.do(lambda context: licensing.show(context, "OLD-1"))
    assert [(event.at, event.kind) for event in history.events] == [(START, "imported")]


def test_no_personal_value_is_stored(vendor: Vendor) -> None:
    vendor.imports("license_key,product,name,company,email\nk,p,Ana,Exemplu,ana@example.com\n")
    for table in ("licenses", "license_keys", "events"):
        assert not vendor.sql(f"SELECT count(*) FROM {table} t WHERE t::text ~* '(Ana|Exemplu)'")


@pytest.mark.parametrize(
    "key",
    ["OLD-0001", "x", "-", 'a;b "c"\nd', "Ключ № 7", "鍵-①", "e\u0301-1", "K" * 200],
)
def test_a_key_keeps_its_form_and_activates(vendor: Vendor, key: str) -> None:
    quoted = '"' + key.replace('"', '""') + '"'
    assert counts(vendor.imports(f"{HEADER}{quoted},p\n")) == (1, 1, 0)
    assert vendor.key_of(key) == vendor.key_of(f"  {key} ") == key
    assert vendor.key_of(key, product="q") is None


def test_a_key_is_found_however_it_is_typed(vendor: Vendor) -> None:
    vendor.imports(HEADER + "Old-0001-ab,p\n")
    assert vendor.key_of("OLD 0001 AB") == vendor.key_of("old0001ab") == "Old-0001-ab"
    assert vendor.key_of("old0001ac") is None


def test_a_key_of_our_own_format(vendor: Vendor) -> None:
    typed = OURS.lower().replace("-", " ")
    vendor.imports(f"{HEADER}{typed},p\n")
    assert vendor.key_of(OURS) == vendor.key_of(typed) == OURS
    assert vendor.sql("SELECT count(*) FROM license_keys") == 1
    assert counts(vendor.imports(f"{HEADER}{OURS},p\n")) == (1, 0, 1)


def test_an_issued_key_is_known_and_skipped(vendor: Vendor) -> None:
    order = Order("p", "standard", {}, None, None, None, 1)
    [issued] = vendor.do(lambda context: licensing.issue(context, order, lambda _done: None))
    assert counts(vendor.imports(f"{HEADER}{issued.license_key},p\nnew,p\n")) == (2, 1, 1)


def test_started_again_an_import_changes_nothing(vendor: Vendor) -> None:
    content = f"{HEADER}a-1,p\nA1,p\nb,p\n{OURS},p\n"
    assert counts(vendor.imports(content)) == (4, 4, 0)
    everything = "SELECT md5(string_agg(k::text, ',' ORDER BY digest)) FROM license_keys k"
    before = vendor.sql(everything)
    assert counts(vendor.imports(content)) == (4, 0, 4)
    assert vendor.sql(everything) == before
    assert counts(vendor.imports(content + "c,p\n")) == (5, 1, 4)
    assert vendor.licenses() == 5


def test_one_key_may_be_of_two_products(vendor: Vendor) -> None:
    assert counts(vendor.imports(f"{HEADER}same,p\nsame,q\n")) == (2, 2, 0)
    assert vendor.key_of("SAME", "p") == vendor.key_of("SAME", "q") == "same"


@pytest.mark.parametrize(
    ("one", "other"), [("same", "same"), ("e\u0301", "\u00e9"), (OURS, OURS.lower())]
)
def test_a_key_twice_is_told_with_its_first_line(vendor: Vendor, one: str, other: str) -> None:
    report = vendor.imports(f"{HEADER}{one},p\n\nother,p\n{other},p\n{one},p\n")
    assert [(problem.line, problem.column) for problem in report.problems()] == [
        (5, "license_key"),
        (6, "license_key"),
    ]
    assert all("line 2 " in problem.message for problem in report.problems())
    assert vendor.licenses() == 0


@pytest.mark.parametrize("files", [["a-1,p\n", "A1,p\n", "a 1,p\n"], ["a-1,p\nA1,p\na 1,p\n"]])
def test_keys_that_only_folding_makes_equal_are_typed_exactly(
    vendor: Vendor, files: list[str]
) -> None:
    for content in files:
        assert vendor.imports(HEADER + content).faults == 0
    for key in ("a-1", "A1", "a 1"):
        assert vendor.key_of(key) == key
    assert vendor.key_of("A-1") is None


def test_keys_that_fold_alike_far_apart_in_a_file(vendor: Vendor) -> None:
    lines = 20_000  # more than are written at once
    content = "a-1,p\n" + "\n" * lines + "A1,p\n"
    assert counts(vendor.imports(HEADER + content)) == (2, 2, 0)
    assert (vendor.key_of("a-1"), vendor.key_of("A1")) == ("a-1", "A1")
    assert vendor.key_of("A-1") is None


@pytest.mark.parametrize("ours_first", [True, False])
def test_no_key_of_another_system_disables_one_of_ours(vendor: Vendor, ours_first: bool) -> None:
    theirs = OURS.replace("SS", "ẞ")
    assert license_key.parse(theirs) is None
    assert license_key.lookup_forms(theirs).folded == license_key.lookup_forms(OURS).folded
    rows = [OURS, theirs] if ours_first else [theirs, OURS]
    for key in rows:
        vendor.imports(f"{HEADER}{key},p\n")
    assert vendor.key_of(OURS) == vendor.key_of(OURS.lower()) == OURS
    assert vendor.key_of(theirs) == theirs


def test_every_problem_is_told_by_line_and_nothing_is_imported(vendor: Vendor) -> None:
    content = (
        "license_key,product,policy,seats\n"
        "good,p,year,1\n"
        "twice,p,,\n"
        "b,nope,,0\n"
        "twice,p,nope,\n"
        "c,q,year,\n"
        ",p,,\n"
        "d,p,,,extra\n"
    )
    expected = [
        (4, "product"),
        (4, "seats"),
        (5, "license_key"),
        (5, "policy"),
        (6, "policy"),
        (7, "license_key"),
        (8, ""),
    ]
    for dry_run in (True, False):
        report = vendor.imports(content, dry_run=dry_run)
        assert sorted((one.line, one.column) for one in report.problems()) == expected
        assert [one.line for one in report.problems()] == [line for line, _ in expected]
        assert counts(report) == (7, 0, 0)
        assert vendor.licenses() == 0


def test_unknown_names_are_told_what_there_is(vendor: Vendor) -> None:
    report = vendor.imports("license_key,product,policy\na,secret,\nb,p,secret\n")
    product, policy = report.problems()
    assert product.message.endswith("there are: p, q.")
    assert policy.message.endswith("there are: standard, year.")
    assert "secret" not in product.message + policy.message


def test_a_dry_run_changes_nothing(vendor: Vendor) -> None:
    vendor.imports(HEADER + "known,p\n")
    assert counts(vendor.imports(HEADER + "known,p\nnew,p\n", dry_run=True)) == (2, 0, 1)
    assert vendor.licenses() == 1
    assert counts(vendor.imports(HEADER + "known,p\nnew,p\n")) == (2, 1, 1)


def test_header_row_alone(vendor: Vendor) -> None:
    assert counts(vendor.imports(HEADER)) == (0, 0, 0)


def test_problems_of_rows_and_of_keys_come_by_line(vendor: Vendor) -> None:
    report = vendor.imports(f"{HEADER}a,no\nb,no\na,no\nc,no\n")
    assert report.faults == 5
    assert [(one.line, one.column) for one in report.problems()] == [
        (2, "product"),
        (3, "product"),
        (4, "product"),
        (4, "license_key"),
        (5, "product"),
    ]


def test_progress_goes_from_nothing_to_all_in_both_phases(vendor: Vendor) -> None:
    told: list[tuple[Phase, int, int]] = []
    content = many(3000)
    vendor.imports(content, progress=lambda *now: told.append(now))
    assert told == sorted(told, key=lambda now: (now[0] is Phase.WRITING, now[1]))
    size = len(content)
    assert [now for now in told if now[0] is Phase.CHECKING][-1] == (Phase.CHECKING, size, size)
    assert told[-1] == (Phase.WRITING, 3001, 3001)
    assert len([now for now in told if 0 < now[1] < size and now[2] == size]) > 1


def test_activations_go_on_while_an_import_writes(vendor: Vendor) -> None:
    vendor.imports(HEADER + "a-1,p\n")
    answered = []
    # "A1" makes the folded form of "a-1" lead nowhere: that row is locked when this asks.
    content = HEADER + "A1,p\n" + "\n" * 20_000 + "last,p\n"
    vendor.imports(
        content,
        progress=once(
            Phase.WRITING, lambda: answered.append(elsewhere(lambda: vendor.key_of("a-1")))
        ),
    )
    assert answered == ["a-1"]


def test_a_key_added_meanwhile_fails_the_whole_import(vendor: Vendor) -> None:
    async def digest(context: Context) -> str:
        return key_digests(context, "p", "last")[0].hex()

    taken = vendor.do(digest)
    insert = f"INSERT INTO license_keys VALUES ('\\x{taken}') RETURNING 1"
    content = HEADER + "first,p\n" + "\n" * 20_000 + "last,p\n"
    with pytest.raises(OperatorError, match="meanwhile, so nothing was imported"):
        vendor.imports(content, progress=once(Phase.WRITING, lambda: vendor.sql(insert)))
    assert vendor.licenses() == 0


def test_two_imports_do_not_write_at_once(vendor: Vendor) -> None:
    async def work(context: Context) -> None:
        url = vendor.world.url.replace("postgresql+asyncpg", "postgresql")
        other = await asyncpg.connect(url)
        await other.execute(f"SELECT pg_advisory_lock({ALONE_LOCK})")
        await import_licenses(context, vendor.path, ignore, dry_run=True)
        with pytest.raises(OperatorError, match="Another import is running"):
            await import_licenses(context, vendor.path, ignore, dry_run=False)
        await other.close()

    vendor.path.write_text(HEADER + "a,p\n", encoding="utf-8")
    vendor.do(work)
    assert vendor.licenses() == 0


@pytest.mark.parametrize("phase", list(Phase))
def test_a_lost_connection_starts_again_from_the_beginning(vendor: Vendor, phase: Phase) -> None:
    terminate = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    starts = 0
    act = once(phase, lambda: vendor.sql(terminate))

    def progress(now: Phase, done: int, total: int) -> None:
        nonlocal starts
        starts += now is Phase.WRITING and not done
        act(now, done, total)

    report = vendor.imports(many(25_000), progress=progress)
    assert starts == (1 if phase is Phase.CHECKING else 2)
    assert counts(report) == (25_000, 25_000, 0)
    assert vendor.licenses() == 25_000


@pytest.mark.parametrize("phase", list(Phase))
def test_cancelled_it_leaves_nothing_behind(vendor: Vendor, phase: Phase) -> None:
    def cancel() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()

    with pytest.raises(asyncio.CancelledError):
        vendor.imports(many(25_000), progress=once(phase, cancel))
    assert vendor.licenses() == vendor.sql("SELECT count(*) FROM license_keys") == 0
    assert counts(vendor.imports(many(10))) == (10, 10, 0)


def test_a_file_that_cannot_be_read(vendor: Vendor) -> None:
    vendor.path.mkdir()
    with pytest.raises(OperatorError, match=r"The file can't be read: Is a directory\."):
        vendor.do(lambda context: import_licenses(context, vendor.path, ignore, dry_run=False))


@dataclass
class Command:
    """`activation-server license import` on the vendor's database."""

    vendor: Vendor
    environment: dict[str, str]

    def __call__(self, content: str | None, *options: str) -> tuple[int, str]:
        if content is not None:
            self.vendor.path.write_text(content, encoding="utf-8")
        arguments = ["license", "import", str(self.vendor.path), *options]
        result = CliRunner().invoke(app, arguments, env=self.environment)
        return result.exit_code, result.stdout


@pytest.fixture
def command(vendor: Vendor, tmp_path: Path) -> Command:
    key_file = tmp_path / "master.key"
    key_file.write_bytes(base64.b64encode(vendor.world.master))
    url = vendor.world.url.replace("postgresql+asyncpg", "postgresql")
    return Command(
        vendor, {"ACTIVATION_DATABASE_URL": url, "ACTIVATION_MASTER_KEY_FILE": str(key_file)}
    )


def test_the_command_prints_the_contract(command: Command) -> None:
    code, printed = command(HEADER + "a,p\nb,p\n", "--json")
    assert (code, json.loads(printed)) == (
        0,
        {"rows": 2, "imported": 2, "skipped": 0, "errors": []},
    )
    code, printed = command(HEADER + "a,p\nc,nope\nc,nope\n", "--json")
    document = json.loads(printed)
    assert code == 1
    assert [document[name] for name in ("rows", "imported", "skipped")] == [3, 0, 1]
    assert [(error["line"], error["column"]) for error in document["errors"]] == [
        (3, "product"),
        (4, "product"),
        (4, "license_key"),
    ]
    assert all(error.keys() == {"line", "column", "message"} for error in document["errors"])


def test_the_command_lists_problems_to_people_and_says_how_many_more(command: Command) -> None:
    code, printed = command(HEADER + "".join(f"{n},nope\n" for n in range(150)), "--dry-run")
    assert code == 1
    assert "… and 50 more" in printed
    assert "Nothing was imported" in printed


def test_wrong_use_of_the_command(command: Command) -> None:
    assert command(None)[0] == 2
    assert command(HEADER + "a,p\n", "--no-such-option")[0] == 2
    command.vendor.path.unlink()
    command.vendor.path.mkdir()
    assert command(None)[0] == 2
