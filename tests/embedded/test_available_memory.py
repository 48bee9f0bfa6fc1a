"""The memory that PostgreSQL's share is reckoned from."""

from pathlib import Path

import psutil
import pytest

from activation_server.available_memory import available_memory

ALL = psutil.virtual_memory().total
SMALL = 300 << 20


def limited(root: Path, groups: str, files: dict[str, str]) -> int:
    """The memory there is, by a list of groups, and their files below `limits`."""
    (root / "cgroup").write_text(groups)
    for name, text in files.items():
        file = root / "limits" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return available_memory(root / "cgroup", root / "limits")


def test_without_groups_it_is_the_machines(tmp_path: Path) -> None:
    assert available_memory(tmp_path / "none", tmp_path) == ALL


def test_a_container_has_what_its_group_may_have(tmp_path: Path) -> None:
    assert limited(tmp_path, "0::/\n", {"memory.max": f"{SMALL}\n"}) == SMALL


def test_a_service_has_what_the_groups_around_it_may_have(tmp_path: Path) -> None:
    limits = {"system/memory.max": f"{SMALL}\n", "system/app/memory.max": "max\n"}
    assert limited(tmp_path, "0::/system/app\n", limits) == SMALL


@pytest.mark.parametrize("group", ["docker/ab/", ""])
def test_older_groups_are_known_too(tmp_path: Path, group: str) -> None:
    groups = "5:cpu,cpuacct:/docker/ab\n4:memory:/docker/ab\n0::/\n"
    stat = f"cache 12\nhierarchical_memory_limit {SMALL}\n"
    assert limited(tmp_path, groups, {f"memory/{group}memory.stat": stat}) == SMALL


def test_more_than_the_machine_has_is_no_limit(tmp_path: Path) -> None:
    assert limited(tmp_path, "0::/\n", {"memory.max": "9223372036854771712\n"}) == ALL
