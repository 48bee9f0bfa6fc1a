"""Who looked: entries written inside the transactions of what they tell of, and their proof."""

from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from activation_server.crypto.sealed import Place
from activation_server.crypto.signing import SigningKey
from activation_server.formats import checkpoint as form
from activation_server.rules import audit as rules
from activation_server.rules.audit import (
    START,
    Action,
    Break,
    Checkpoint,
    Entry,
    Link,
    Walk,
)
from activation_server.rules.errors import OperatorError
from activation_server.services import keys, notes
from activation_server.services.context import Context
from activation_server.store import audit, partitions
from activation_server.store.audit import StoredCheckpoint
from activation_server.store.database import Connection


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found: how far the chain holds, and where it breaks, if it does."""

    walk: Walk
    checkpoints: int
    broken: Break | None


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint and its compact JWS."""

    checkpoint: Checkpoint
    jws: str


@dataclass(slots=True)
class _Known:
    """The checkpoints there are: digests by entry, none for one that this server did not sign."""

    marks: dict[int, list[bytes | None]] = field(default_factory=dict)
    start: Link = START  # after which the log begins
    count: int = 0


async def note(  # noqa: PLR0913 - what an entry holds
    context: Context,
    connection: Connection,
    action: Action,
    *,
    license_id: UUID | None = None,
    subject: str | None = None,
    details: Mapping[str, object] | None = None,
    why: str | None = None,
) -> None:
    """Note what is done in this transaction: last in it, as everybody waits for the log's head.

    `subject` and `details` hold nothing personal. The one who acts is the context's actor.
    """
    head = await audit.lock_head(connection)
    seq = head.seq + 1
    entry = Entry(
        seq=seq,
        at=rules.moment(head, context.clock()),
        who=context.actor,
        action=action,
        license_id=license_id,
        subject=subject,
        details=details or {},
        why_sealed=None
        if why is None
        else await notes.seal_note(context, connection, license_id, why, why_place(seq)),
    )
    await audit.append(connection, rules.chained(head, entry))


def why_place(seq: int) -> Place:
    """Where the reason of an entry is kept."""
    return Place("audit_log", "why_sealed", str(seq))


async def verify(
    context: Context, progress: Callable[[int, int], None], token: str | None = None
) -> Verified:
    """Go through the whole log, and tell the first place where its chain does not hold.

    `token` is a checkpoint from off this machine: then nothing up to it was written anew since.
    `progress` is told how many entries are done, and of how many. Raises OperatorError.
    """

    async def work(connection: Connection) -> Verified:
        await audit.begin_reading(connection)
        head, known = await audit.head(connection), await _known(context, connection, token)
        walk = Walk(known.start, known.marks)
        total = 0 if head is None else head.seq - known.start.seq
        broken = walk.begin() or await _go(connection, walk, lambda done: progress(done, total))
        return Verified(walk, known.count, broken or walk.finish(head))

    return await context.database.transact(work)


async def checkpoint(context: Context) -> Signed:
    """Sign how far the log is, and keep it. Raises OperatorError when there is no entry yet."""

    async def work(connection: Connection) -> Signed:
        head = await audit.lock_head(connection)
        if head.seq == 0:
            msg = "The audit log has no entry yet: there is nothing to sign."
            raise OperatorError(msg)
        last = await audit.last_checkpoint(connection)
        if last is not None and last.seq == head.seq:
            known = _opened(last.jws, await keys.that_signed(context, connection))
            if known is not None:
                return Signed(known, last.jws)
        return await _sign(context, connection, Checkpoint(head, context.now()))

    return await context.database.transact(work)


async def checkpoint_daily(context: Context) -> Signed | None:
    """Sign how far the log is, once a day (in UTC) on which there is something new.

    Of several processes the first does it: the others wait for the log's head, and find it done.
    """
    now = context.now()

    async def work(connection: Connection) -> Signed | None:
        head = await audit.lock_head(connection)
        last = await audit.last_checkpoint(connection)
        done, made_on = (0, None) if last is None else (last.seq, last.made_at.date())
        if head.seq <= done or made_on == now.date():
            return None
        return await _sign(context, connection, Checkpoint(head, now))

    return await context.database.transact(work)


async def forget_before(context: Context, moment: datetime) -> int:
    """Drop the whole months before that of a moment; give how many entries went.

    A signed checkpoint of the last of them stays: there the log begins from then on. Raises
    UnavailableError when somebody reads the log just now: then nothing is dropped.
    """

    async def work(connection: Connection) -> int:
        return await forget(context, connection, partitions.month_of(moment))

    return await context.database.transact(work)


async def forget(context: Context, connection: Connection, month: datetime) -> int:
    """Drop the months before the one that begins then, in this transaction; give the entries."""
    await audit.lock_head(connection)
    last = await audit.last_before(connection, month)
    if last is None:
        return 0
    count = await audit.count_before(connection, month)
    await _sign(context, connection, Checkpoint(last, context.now(), forgotten=True))
    await audit.drop_checkpoints_before(connection, last.seq)
    await audit.drop_before(connection, month)
    return count


async def _go(connection: Connection, walk: Walk, progress: Callable[[int], None]) -> Break | None:
    async with aclosing(audit.in_order(connection)) as batches:
        async for batch in batches:
            for found in batch:
                broken = walk.take(found)
                if broken is not None:
                    return broken
            progress(walk.entries)
    return None


async def _sign(context: Context, connection: Connection, wanted: Checkpoint) -> Signed:
    key = await keys.common_key(context, connection)
    jws = key.sign(form.header(key.kid), form.claims(wanted, context.issuer))
    await audit.put_checkpoint(connection, wanted, jws)
    return Signed(wanted, jws)


async def _known(context: Context, connection: Connection, token: str | None) -> _Known:
    """Gather all checkpoints, and where the log begins. Raises OperatorError."""
    signers, known = await keys.that_signed(context, connection), _Known()
    for stored in await audit.checkpoints(connection):
        found = _of_its_entry(stored, signers)
        known.marks.setdefault(stored.seq, []).append(None if found is None else found.link.digest)
        known.count += 1
        if found is not None and found.forgotten:
            known.start = found.link
    if token is not None:
        given = _given(token, signers, known.start)
        known.marks.setdefault(given.link.seq, []).append(given.link.digest)
        known.count += 1
    return known


def _of_its_entry(stored: StoredCheckpoint, signers: Mapping[str, SigningKey]) -> Checkpoint | None:
    found = _opened(stored.jws, signers)
    return found if found is not None and found.link.seq == stored.seq else None


def _given(token: str, signers: Mapping[str, SigningKey], start: Link) -> Checkpoint:
    given = _opened(token.strip(), signers)
    if given is None:
        msg = "This is no checkpoint that was signed with a key of this server."
        raise OperatorError(msg)
    if given.link.seq < start.seq:
        msg = "Retention has disposed of this checkpoint's entry since; take a newer checkpoint."
        raise OperatorError(msg)
    return given


def _opened(token: str, signers: Mapping[str, SigningKey]) -> Checkpoint | None:
    key = signers.get(form.key_id(token) or "")
    claims = None if key is None else key.opened(token, form.TYPE)
    return None if claims is None else form.read(claims)
