"""Licenses that are over: out of the database, into a file that this server can't read."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from activation_server.formats import admin_api, archive_record
from activation_server.formats.admin_api import Json
from activation_server.gateways import archive as files
from activation_server.gateways.archive import Archive, ArchiveFile
from activation_server.rules.errors import OperatorError
from activation_server.services import people
from activation_server.services.calls import license_key_of, order_of
from activation_server.services.context import Context
from activation_server.store import archive as store
from activation_server.store import licenses
from activation_server.store.database import Connection

LICENSES_PER_FILE = 500
BYTES_PER_FILE = 64 * 2**20  # of clear content; the last page may go beyond
_PAGE = 50


@dataclass(frozen=True, slots=True)
class Archived:
    """What went into a file; there is none when there was nothing to archive."""

    file: Path | None = None
    licenses: Sequence[UUID] = ()  # archived, and gone from the database
    changed: Sequence[UUID] = ()  # in the file, but left alone: changed or in use meanwhile


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file of the archive, and how many of its licenses another one has as well."""

    file: ArchiveFile
    licenses: int
    in_others: int


@dataclass(frozen=True, slots=True)
class _License:
    license_id: UUID
    line: bytes = field(repr=False)
    rows: store.Rows = field(repr=False)


@dataclass(slots=True)
class _Content:
    """What is to be written, and how each license was when it was read."""

    clear: bytearray = field(default_factory=bytearray, repr=False)
    digests: dict[UUID, bytes] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None

    def add(self, one: "_License", now: datetime) -> None:
        seen = list(archive_record.moments(one.rows, now))
        self.clear += one.line
        self.digests[one.license_id] = archive_record.digest(one.rows)
        self.first = min([*seen, self.first] if self.first else seen, default=None)
        self.last = max([*seen, self.last] if self.last else seen, default=None)

    def about(self) -> Json:
        return {
            "licenses": len(self.digests),
            "license_digests": [archive_record.license_digest(each) for each in self.digests],
            "first": self.first and self.first.isoformat(),
            "last": self.last and self.last.isoformat(),
        }


async def archive_and_delete(context: Context, license_ids: Sequence[UUID]) -> Archived:
    """Move licenses into a new file of the archive: written durably first, deleted then.

    Takes as many as go into one file, in their order: the others wait for the next call. A license
    that changed meanwhile stays, as does one that is in use at the moment. Cut off in between,
    the licenses are still there, and at worst in a second file later. Raises OperatorError.
    """
    context.archive.require_recipients()
    content = await _read(context, license_ids[:LICENSES_PER_FILE])
    if not content.digests:
        return Archived()
    clear = bytes(content.clear)
    file = await asyncio.to_thread(context.archive.write, clear, content.about(), context.now())

    async def work(connection: Connection) -> Sequence[UUID]:
        return await _delete_unchanged(connection, content.digests)

    gone = await context.database.transact(work)
    return Archived(file, gone, [each for each in content.digests if each not in frozenset(gone)])


async def _read(context: Context, license_ids: Sequence[UUID]) -> _Content:
    """Read licenses page by page, until a file is full."""
    content, now = _Content(), context.now()
    for page in _pages(list(dict.fromkeys(license_ids))):

        async def work(connection: Connection, page: Sequence[UUID] = page) -> Sequence[_License]:
            return await _read_page(context, connection, page, now)

        for one in await context.database.transact(work):
            content.add(one, now)
        if len(content.clear) >= BYTES_PER_FILE:
            break
    return content


async def _read_page(
    context: Context, connection: Connection, page: Sequence[UUID], now: datetime
) -> Sequence[_License]:
    """Read the rows first: what changes after that makes them differ when they are to go."""
    rows = await store.read(connection, page)
    known = await people.of_licenses(context, connection, page)
    return [
        _License(
            license_id,
            archive_record.line(
                admin_api.license_(
                    stored.license, license_key_of(context, stored), order_of(context, stored), now
                ),
                [admin_api.person(each) for each in known[license_id].profiles],
                rows[license_id],
            ),
            rows[license_id],
        )
        for stored in await licenses.by_ids(connection, list(rows))
        for license_id in [stored.license.license_id]
    ]


async def _delete_unchanged(
    connection: Connection, digests: Mapping[UUID, bytes]
) -> Sequence[UUID]:
    """Delete the licenses that are as they were read; give those."""
    gone: list[UUID] = []
    for page in _pages(list(digests)):
        rows = await store.read(connection, page, lock=True)
        gone += [
            license_id
            for license_id in page
            if license_id in rows and archive_record.digest(rows[license_id]) == digests[license_id]
        ]
    await store.remove(connection, gone)
    return gone


def _pages(license_ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(license_ids), _PAGE):
        yield license_ids[start : start + _PAGE]


def listed(
    archive: Archive, watched: Callable[[Sequence[Path]], Iterable[Path]]
) -> Iterator[ListedFile]:
    """Give every file of the archive, the oldest first; each is read whole, as `watched` sees.

    Raises OperatorError.
    """
    found = [files.look_at(path) for path in watched(archive.files())]
    digests = [set(each.manifest.get("license_digests", ())) for each in found]
    times = Counter(digest for some in digests for digest in some)
    for file, own in zip(found, digests, strict=True):
        yield ListedFile(file, len(own), sum(times[digest] > 1 for digest in own))


def read(file: Path, identity_file: Path, id_or_key: str | None = None) -> Sequence[Json]:
    """Give the licenses of a file, or the one that is asked for; needs no server.

    Raises OperatorError.
    """
    records = archive_record.records(files.decrypt(file, identity_file))
    found = [each for each in records if id_or_key is None or archive_record.is_of(each, id_or_key)]
    if id_or_key is not None and not found:
        msg = f"No license in {file} has this key or id."
        raise OperatorError(msg)
    return found


def make_identity(file: Path) -> str:
    """Write a new private key for another machine; give its public key. Raises OperatorError."""
    return files.make_identity(file)
