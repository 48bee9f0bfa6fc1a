"""The desktop client's memory: one JSON file, written atomically, for this user's eyes only.

It holds the license key, because the app must activate again with it where the server no longer
knows the activation, and the check-in token, which is this computer's proof of its seat. Hence
mode 0600; on Windows the file belongs in the user's profile, which other users can't read.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeVar, get_origin

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

Json = dict[str, Any]
RecordT = TypeVar("RecordT", "Activation", "Pending", "State")

VERSION: Final = 1


class StateError(Exception):
    """The state file exists, but is not one that this client can read or write."""


@dataclass(slots=True)
class Activation:
    """What the last accepted answer left; `certificate` is empty once the seat was given back."""

    server: str
    issuer: str
    product: str
    license_key: str = field(repr=False)
    activation_id: str
    check_in_token: str = field(repr=False)
    certificate: str = field(repr=False)
    seq: int  # the highest seen
    salt: str  # of the hardware values, in hex
    simulated: Json  # the computer that `--hardware` plays; a real app has no such field


@dataclass(slots=True)
class Pending:
    """A request that may have reached the server: it is sent again, word for word."""

    purpose: str  # activate, trial, reactivate or deactivate
    path: str
    wish: Json = field(repr=False)  # the part of the body that the user chose
    body: Json = field(repr=False)
    salt: str
    simulated: Json


@dataclass(slots=True)
class State:
    """Everything that an installation remembers."""

    trusted_keys: dict[str, str] = field(default_factory=dict)  # key id → raw key in base64url
    keys_shipped: bool = False  # given with the app: never replaced by what a server publishes
    latest_time: int = 0  # seconds since the epoch, so that setting the clock back gains nothing
    activation: Activation | None = None
    pending: Pending | None = None


def load(path: Path) -> State:
    """Read the state; a missing file is an empty state, StateError for a damaged one."""
    try:
        document = json.loads(path.read_bytes())
        if document["version"] != VERSION:
            raise StateError(f"{path} was written by another version of this client.")
        state = _record(State, {**document, "activation": None, "pending": None})
        if document["activation"] is not None:
            state.activation = _record(Activation, document["activation"])
            bytes.fromhex(state.activation.salt)
            if state.activation.simulated:
                read_computer(state.activation.simulated)
        if document["pending"] is not None:
            state.pending = _record(Pending, document["pending"])
    except FileNotFoundError:
        return State()
    except OSError as error:
        raise StateError(f"{path} can't be read: {error.strerror}.") from None
    except (ValueError, TypeError, LookupError, RecursionError):
        raise StateError(f"{path} is no state file of this client, or is damaged.") from None
    return state


def read_computer(document: object) -> Json:
    """Check the description of a computer to play; TypeError or ValueError if it is none."""
    if not isinstance(document, dict) or not isinstance(document.get("hardware_id"), str):
        raise TypeError("it must be a JSON object with a string `hardware_id`")
    hardware = document.get("hardware") or {}
    if not isinstance(hardware, dict) or not all(
        value is None or isinstance(value, str) for value in hardware.values()
    ):
        raise TypeError("`hardware` must map component names to strings")
    if not isinstance(document.get("virtual_machine"), bool | None):
        raise TypeError("`virtual_machine` must be true or false")
    json.dumps(document, ensure_ascii=False).encode()  # ValueError for half a surrogate pair
    return document


def _record(kind: type[RecordT], document: Json) -> RecordT:
    """Make a record from JSON; LookupError or TypeError where a field is missing or of no use."""
    values = {part.name: document[part.name] for part in fields(kind)}
    for part in fields(kind):
        wanted = get_origin(part.type) or part.type
        if wanted in {str, int, bool, dict} and type(values[part.name]) is not wanted:
            raise TypeError(part.name)
    return kind(**values)


def save(path: Path, state: State) -> None:
    """Write the state so that a crash at any moment leaves the old file or the new one, whole.

    Only for the holder of `locked`: the name of the temporary file is fixed, so that crashes
    leave no litter.
    """
    text = json.dumps({"version": VERSION, **asdict(state)}, indent=1)
    temporary = path.with_name(f"{path.name}.new")
    try:
        temporary.unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    except OSError as error:
        raise StateError(f"{path} can't be written: {error.strerror}.") from None
    with suppress(OSError):  # Windows can't open a directory; NTFS keeps the rename by itself
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Keep other processes off the state meanwhile: two check-ins at once would be a fork.

    The lock is on a file beside it, because the state file itself is replaced at each write.
    StateError if another process holds it: at once without `wait`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(f"{path.name}.lock").open("ab")
    except OSError as error:
        raise StateError(f"{path} can't be written: {error.strerror}.") from None
    with lock:  # closing the file releases it
        try:
            if sys.platform == "win32":
                msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:  # at once without `wait`; on Windows after ten seconds at the latest
            raise StateError(f"{path} is in use by another process.") from None
        yield
