"""The OS user that the embedded PostgreSQL runs as, and the files that it must reach."""

import os
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


class EmbeddedPostgresError(Exception):
    """The bundled PostgreSQL can't be used; the message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """The OS user that PostgreSQL runs as; it refuses to run as root."""

    uid: int
    gid: int

    def may_traverse(self, info: os.stat_result) -> bool:
        """Tells whether it may go through a directory."""
        if info.st_uid == self.uid:
            return bool(info.st_mode & stat.S_IXUSR)
        if info.st_gid == self.gid:
            return bool(info.st_mode & stat.S_IXGRP)
        return bool(info.st_mode & stat.S_IXOTH)


def account_for(*places: Path) -> Account:
    """Returns who runs PostgreSQL: this user; for root, the owner of a place, else `pgserver`."""
    import pwd  # noqa: PLC0415 - not on Windows

    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for owner in (place.stat().st_uid for place in places if place.exists()):
        with suppress(KeyError):  # a uid from another machine or container has no name here
            if owner != 0:
                return Account(owner, pwd.getpwuid(owner).pw_gid)
    return system_account("pgserver")


def system_account(name: str) -> Account:
    """Returns the OS user of this name, made if there is none."""
    import fcntl  # noqa: PLC0415 - not on Windows

    with suppress(KeyError):
        return _named(name)
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    lock = os.open("/etc", os.O_RDONLY)
    try:
        # One at a time: of two at once, useradd lets both make the user, and the first one's id
        # is nobody's afterwards.
        fcntl.flock(lock, fcntl.LOCK_EX)
        with suppress(KeyError):
            return _named(name)
        with suppress(OSError):
            subprocess.run([*command, name], capture_output=True, check=False)  # noqa: S603 - ours
        return _named(name)
    except KeyError as error:
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root, and the OS user {name} could not be made: make it by"
            " hand, or run as an ordinary user."
        ) from error
    finally:
        os.close(lock)


def _named(name: str) -> Account:
    """Returns an OS user. Raises KeyError if there is none of the name."""
    import pwd  # noqa: PLC0415 - not on Windows

    return Account(*pwd.getpwnam(name)[2:4])


def let_traverse(directory: Path, account: Account) -> None:
    """Lets the account through a directory and its parents, but not list them."""
    for path in (directory, *directory.parents):
        info = path.stat()
        if not account.may_traverse(info):
            path.chmod(stat.S_IMODE(info.st_mode) | stat.S_IXOTH)


def let_read(tree: Path) -> None:
    """Makes installed programs readable and executable by all: root's umask may have been 077."""
    for directory, _, files in os.walk(tree):
        for path in (Path(directory), *(Path(directory, name) for name in files)):
            mode = stat.S_IMODE(path.stat().st_mode)
            needed = 0o005 if mode & stat.S_IXUSR else 0o004
            if mode & needed != needed:
                path.chmod(mode | needed)
