"""How much memory there is for us: the machine's, or our container's or service's, where less."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import psutil

_GROUPS = Path("/proc/self/cgroup")
_LIMITS = Path("/sys/fs/cgroup")


def available_memory(groups: Path = _GROUPS, limits: Path = _LIMITS) -> int:
    """Gives the bytes of memory that this process may share with others, used or not.

    Linux limits it by control groups (Documentation/admin-guide/cgroup-v2.rst, "memory.max", and
    cgroup-v1/memory.rst, "hierarchical_memory_limit"): `groups` lists ours, `limits` holds them.
    """
    return min([int(psutil.virtual_memory().total), *_limits(groups, limits)])


def _limits(groups: Path, limits: Path) -> Iterator[int]:
    try:
        lines = groups.read_text("utf-8", "replace").splitlines()
    except OSError:
        return  # no Linux
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0":
            yield from _limits_2(path, limits)
        elif "memory" in controllers.split(","):
            yield from _limits_1(path, limits / "memory")


def _limits_2(path: str, limits: Path) -> Iterator[int]:
    """Gives the limit of a group and of each that it is in."""
    for each in _and_above(path):
        limit = _read(limits / each / "memory.max").strip()
        if limit.isdecimal():  # or "max"
            yield int(limit)


def _limits_1(path: str, limits: Path) -> Iterator[int]:
    """Gives the limits of groups by the older interface; in a container paths are the host's."""
    for each in _and_above(path):
        for line in _read(limits / each / "memory.stat").splitlines():
            name, _, value = line.partition(" ")
            if name == "hierarchical_memory_limit":
                yield int(value)


def _and_above(path: str) -> Iterator[PurePosixPath]:
    group = PurePosixPath(path.lstrip("/"))
    yield from (group, *group.parents)


def _read(file: Path) -> str:
    try:
        return file.read_text("ascii")
    except OSError:
        return ""
