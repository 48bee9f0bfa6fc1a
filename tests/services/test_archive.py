"""Licenses leave the database for a file: nothing is lost, nothing readable, whatever fails."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from activation_server import base64url
from activation_server.gateways import archive as gateway
from activation_server.gateways.archive import Archive, Standing, recipients
from activation_server.rules.errors import OperatorError
from activation_server.services import archive, licensing, new_seat, trials
from activation_server.services.archive import Archived
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView
from activation_server.services.products import add_policy, add_product
from activation_server.store import archive as store
from activation_server.store.database import Connection
from tests.conftest import World
from tests.services.calls import PRODUCT, granted, issue_one, make_request, reason
from tests.services.test_people import ANA, BEN, rows, told

TABLES = (
    *("licenses", "license_keys", "activations", "people", "person_computers", "events"),
    "refusals",
)


class CrashError(Exception):
    """The process dies here."""


@pytest.fixture
def identity(world: World, tmp_path: Path) -> Path:
    """The private key of the archive, on another machine."""
    file = tmp_path / "identity.txt"
    world.archive = Archive(tmp_path / "archive", [archive.make_identity(file)])
    return file


async def sell(context: Context) -> LicenseView:
    """A license with everything that can be stored of one."""
    sold = await issue_one(context, buyer=ANA, order_reference="FS-1001")
    news = told(BEN, "Please call me.", "BEN-PC")
    granted(await new_seat.activate(context, make_request(1, sold.license_key, told=news)))
    reason(await new_seat.activate(context, make_request(2, sold.license_key, 2)))
    return sold


def ids(*sold: LicenseView) -> list[UUID]:
    return [each.license.license_id for each in sold]


def files(world: World) -> list[Standing]:
    return [gateway.look_at(each).standing for each in world.archive.files()]


def read(done: Archived, identity: Path, wanted: str | None = None) -> list[Any]:
    assert done.file is not None
    return list(archive.read(done.file, identity, wanted))


async def as_stored(context: Context, table: str) -> list[Any]:
    """A table's rows as PostgreSQL itself writes them as JSON, but for bytes: it writes hex."""

    async def work(connection: Connection) -> list[Any]:
        await connection.execute(text("SET LOCAL timezone = 'UTC'"))
        found = await connection.scalars(text(f"SELECT to_jsonb(t) FROM {table} t"))
        return [{name: _with_bytes(value) for name, value in row.items()} for row in found]

    return await context.database.transact(work)


def in_order(some: list[Any]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in some)


def _with_bytes(value: Any) -> Any:
    hex_ = isinstance(value, str) and value.startswith("\\x")
    return base64url.encode(bytes.fromhex(value[2:])) if hex_ else value


def test_what_is_read_back_is_what_was_stored(world: World, identity: Path):
    async def work(context: Context):
        sold = await sell(context)
        before = {table: await as_stored(context, table) for table in TABLES}
        assert all(before.values())
        done = await archive.archive_and_delete(context, ids(sold))
        assert (done.licenses, done.changed) == (ids(sold), [])
        [record] = read(done, identity)
        for table in TABLES:
            assert in_order(before[table]) == in_order(record["rows"][table]), table
        assert record["license"]["license_key"] == sold.license_key
        assert record["license"]["order"] == "FS-1001"
        assert {(each["name"], each["email"]) for each in record["people"]} == {
            (ANA.name, ANA.email),
            (BEN.name, BEN.email),
        }
        [computer] = [one for each in record["people"] for one in each["computers"]]
        assert (computer["name"], computer["comments"]) == ("BEN-PC", "Please call me.")
        assert [await rows(context, table) for table in TABLES] == [0] * len(TABLES)

    world.run(work)


def test_the_others_stay_and_an_archived_key_is_an_unknown_one(world: World, identity: Path):
    async def work(context: Context):
        sold, other = await sell(context), await issue_one(context)
        done = await archive.archive_and_delete(context, ids(sold, sold))
        assert len(read(done, identity)) == 1
        assert await archive.archive_and_delete(context, ids(sold)) == Archived()
        with pytest.raises(OperatorError, match=r"No license has this key"):
            await licensing.show(context, sold.license_key)
        await licensing.show(context, other.license_key)
        request = make_request(9, sold.license_key)
        assert reason(await new_seat.activate(context, request)) == "LICENSE_NOT_FOUND"

    world.run(work)


def test_a_trial_leaves_its_computer_behind_without_it(world: World, identity: Path):
    async def work(context: Context):
        await add_product(context, PRODUCT, "Backup Pro", "EdDSA")
        await add_policy(context, PRODUCT, "trial", {"trial_days": 14})
        started = await trials.start(context, make_request(1, product=PRODUCT))
        assert isinstance(started, trials.Started)
        license_id = started.certified.activation.license_id
        context.clock.advance(days=800)  # type: ignore[attr-defined] # the tests' own
        done = await archive.archive_and_delete(context, [license_id])
        [record] = read(done, identity)
        assert record["rows"]["computers"][0]["trial_license_id"] == str(license_id)
        [computer] = await as_stored(context, "computers")
        assert (computer["trial_license_id"], computer["trial_at"]) == (None, None)
        again = await trials.start(context, make_request(2, product=PRODUCT))
        assert isinstance(again, trials.Started)

    world.run(work)


@pytest.mark.parametrize(
    ("step", "left"),
    [
        ("before the file", []),
        ("after the file", [Standing.UNFINISHED]),
        ("after the manifest", [Standing.WHOLE]),
        ("before the commit", [Standing.WHOLE]),
    ],
)
def test_a_crash_loses_nothing_and_a_repeat_finishes(
    world: World, identity: Path, monkeypatch: pytest.MonkeyPatch, step: str, left: list[Standing]
):
    put, remove = gateway._put, store.remove

    def crashing_put(path: Path, content: bytes, directory: int) -> None:
        if step == "before the file":
            path.with_name(path.name + ".draft").write_bytes(content[:10])
            raise CrashError
        put(path, content, directory)
        if path.suffix == ".age" and step == "after the file":
            raise CrashError
        if path.suffix == ".json" and step == "after the manifest":
            raise CrashError

    async def crashing_remove(connection: Connection, license_ids: list[UUID]) -> None:
        await remove(connection, license_ids)
        raise CrashError

    async def work(context: Context):
        sold = await sell(context)
        before = {table: await as_stored(context, table) for table in TABLES}
        with monkeypatch.context() as crash:
            crash.setattr(gateway, "_put", crashing_put)
            if step == "before the commit":
                crash.setattr(store, "remove", crashing_remove)
            with pytest.raises(CrashError):
                await archive.archive_and_delete(context, ids(sold))
        assert {table: await as_stored(context, table) for table in TABLES} == before
        assert files(world) == left
        done = await archive.archive_and_delete(context, ids(sold))
        assert done.licenses == ids(sold)
        assert read(done, identity)[0]["license"]["license_key"] == sold.license_key
        assert files(world) == [*left, Standing.WHOLE]
        twice = [each.in_others for each in archive.listed(world.archive, iter)]
        assert twice == ([1, 1] if left == [Standing.WHOLE] else [0] * len(twice))
        assert not list(world.archive.directory.glob("*.draft"))

    world.run(work)


CHANGES = (
    "UPDATE licenses SET order_token = 5 WHERE license_id = :id",
    "UPDATE refusals SET times = times + 1 WHERE license_id = :id",
    "DELETE FROM person_computers WHERE license_id = :id",
    "INSERT INTO refusals SELECT license_id, 'X', at, 1, '{}' FROM refusals WHERE license_id = :id",
    "INSERT INTO license_keys VALUES ('\\x00', :id)",
)


def test_a_license_that_changed_after_it_was_read_stays(
    world: World, identity: Path, monkeypatch: pytest.MonkeyPatch
):
    write = Archive.write

    async def work(context: Context, change: str):
        sold, other = await sell(context), await issue_one(context)
        loop = asyncio.get_running_loop()

        async def changed(connection: Connection) -> None:
            await connection.execute(text(change), {"id": ids(sold)[0]})

        def write_then_change(self: Archive, *arguments: Any) -> Path:
            file = write(self, *arguments)
            asyncio.run_coroutine_threadsafe(context.database.transact(changed), loop).result()
            return file

        monkeypatch.setattr(Archive, "write", write_then_change)
        done = await archive.archive_and_delete(context, ids(sold, other))
        assert (done.licenses, done.changed) == (ids(other), ids(sold)), change
        assert len(read(done, identity)) == 2
        await licensing.show(context, sold.license_key)

    for change in CHANGES:
        world.run(lambda context, change=change: work(context, change))  # type: ignore[misc]


def test_a_license_in_use_is_left_alone_and_not_waited_for(world: World, identity: Path):
    async def work(context: Context):
        for table in ("licenses", "activations", "people"):
            sold, other = await sell(context), await issue_one(context)
            question = f"SELECT FROM {table} WHERE license_id = :id FOR NO KEY UPDATE"
            async with context.database.engine.begin() as held:
                await held.execute(text(question), {"id": ids(sold)[0]})
                done = await archive.archive_and_delete(context, ids(sold, other))
            assert (done.licenses, done.changed) == (ids(other), ids(sold)), table
            done = await archive.archive_and_delete(context, ids(sold))
            assert (done.licenses, len(read(done, identity))) == (ids(sold), 1)

    world.run(work)


def test_a_file_is_bounded_by_count_and_by_size(
    world: World, identity: Path, monkeypatch: pytest.MonkeyPatch
):
    async def work(context: Context):
        await issue_one(context)
        sold = [await issue_one(context) for _ in range(6)]
        monkeypatch.setattr(archive, "_PAGE", 2)
        monkeypatch.setattr(archive, "LICENSES_PER_FILE", 3)
        done = await archive.archive_and_delete(context, ids(*sold))
        assert done.licenses == ids(*sold[:3])
        monkeypatch.setattr(archive, "BYTES_PER_FILE", 1)
        done = await archive.archive_and_delete(context, ids(*sold[3:]))
        assert (done.licenses, len(read(done, identity))) == (ids(*sold[3:5]), 2)
        assert await rows(context, "licenses") == 2

    world.run(work)


def test_nothing_readable_stands_in_the_file_or_its_manifest(world: World, identity: Path):
    async def work(context: Context):
        sold = await sell(context)
        done = await archive.archive_and_delete(context, ids(sold))
        assert done.file is not None
        clear = gateway.decrypt(done.file, identity)
        beside = gateway.manifest_path(done.file)
        written = done.file.read_bytes() + beside.read_bytes()
        canaries = (ANA.name, ANA.email, BEN.email, BEN.name, "BEN-PC", sold.license_key, "FS-1001")
        for canary in (*canaries, str(ids(sold)[0])):
            assert str(canary).encode() in clear, canary
            assert str(canary).encode() not in written, canary
        assert {done.file.stat().st_mode & 0o777, beside.stat().st_mode & 0o777} == {0o600}
        manifest = json.loads(beside.read_text())
        assert (manifest["licenses"], manifest["bytes"]) == (1, done.file.stat().st_size)
        assert manifest["first"] == manifest["last"] == context.now().isoformat()
        assert manifest["recipients"] == list(world.archive.recipients)

    world.run(work)


def test_wrong_identities_and_damaged_files_are_told(world: World, identity: Path, tmp_path: Path):
    async def work(context: Context):
        return await archive.archive_and_delete(context, ids(await sell(context)))

    done = world.run(work)
    assert done.file is not None
    other = tmp_path / "other.txt"
    archive.make_identity(other)
    with pytest.raises(OperatorError, match=r"not encrypted to the identity"):
        archive.read(done.file, other)
    with pytest.raises(OperatorError, match=r"holds no private key"):
        archive.read(done.file, done.file)
    with pytest.raises(OperatorError, match=r"No license in .* has this key or id"):
        archive.read(done.file, identity, "no such key")
    copy = tmp_path / "copy.age"
    whole = done.file.read_bytes()
    assert copy.write_bytes(whole)
    assert len(archive.read(copy, identity)) == 1  # also without its manifest
    for damaged in (whole[:-1], whole[:100], whole[:10], b"", whole[:-9] + b"!" + whole[-8:]):
        for file in (copy, done.file):
            file.write_bytes(damaged)
            with pytest.raises(OperatorError, match=r"is damaged, or no archive"):
                archive.read(file, identity)
    assert files(world) == [Standing.DAMAGED]
    done.file.unlink()
    assert files(world) == [Standing.MISSING]


def test_without_a_recipient_or_a_directory_nothing_goes(
    world: World, identity: Path, tmp_path: Path
):
    (tmp_path / "archive").write_text("a file")
    assert identity.exists()

    async def work(context: Context):
        sold = await issue_one(context)
        with pytest.raises(OperatorError, match=r"ACTIVATION_ARCHIVE_DIR"):
            await archive.archive_and_delete(context, ids(sold))
        nobody = replace(context, archive=replace(context.archive, recipients=()))
        with pytest.raises(OperatorError, match=r"No archive recipient is set"):
            await archive.archive_and_delete(nobody, ids(sold))
        assert await rows(context, "licenses") == 1

    world.run(work)


def test_several_recipients_each_read_it(world: World, identity: Path, tmp_path: Path):
    second = tmp_path / "second.txt"
    keys = [*world.archive.recipients, archive.make_identity(second)]
    listed = tmp_path / "recipients.txt"
    listed.write_text("# who reads the archive\n" + "\n".join(keys) + "\n")
    assert recipients(str(listed)) == recipients(", ".join(keys)) == keys
    world.archive = replace(world.archive, recipients=keys)

    async def work(context: Context):
        return await archive.archive_and_delete(context, ids(await issue_one(context)))

    done = world.run(work)
    assert read(done, identity) == read(done, second)


@pytest.mark.parametrize("text_", ["age1nonsense", "age1x,age1y", "/no/such/file"])
def test_bad_recipients_are_told(text_: str):
    with pytest.raises(OperatorError, match=r"ACTIVATION_ARCHIVE_RECIPIENTS|recipients"):
        recipients(text_)
