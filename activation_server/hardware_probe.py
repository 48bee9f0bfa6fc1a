"""What identifies this computer: collected, then salted and hashed for the server.

A value that only an administrator can read is left out, even when it could be read now:
otherwise one computer would look like two, depending on who starts the app. Whatever can't be
read is absent; nothing here fails or asks for rights.
"""

import hashlib
import hmac
import json
import os
import platform
import re
import stat
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import machineid
import psutil

from activation_server import base64url
from activation_server.rules.hardware import is_placeholder, usable
from activation_server.rules.virtual_machine import is_hypervisor

Json = dict[str, Any]

TIMEOUT: Final = 15  # seconds that a system command may take
GIB: Final = 2**30


class UnidentifiableError(Exception):
    """The computer reports nothing that tells it from others."""

    def __init__(self) -> None:
        super().__init__("This computer reports nothing that tells it from others.")


@dataclass(frozen=True, slots=True)
class Computer:
    """What a computer reports of itself, raw: this never leaves it."""

    components: Mapping[str, str]
    name: str
    os: Mapping[str, str]
    virtual: bool = False  # a virtual machine


# ---- What is sent.

# Each vendor makes 16 random bytes of its own, once, and never changes them: the same computer
# is then another one to another vendor.
APP_SALT: Final = bytes.fromhex("0d9fb0c2a1f14c8e9a6b5d27c3e8714f")
STRONGEST_FIRST: Final = ("os_machine_id", "system_uuid", "board_serial", "disk_serial")


def strongest_identifier(components: Mapping[str, str]) -> str:
    """Pick what `hardware_id` stands on, the same on every run and from every user account.

    The operating system's own machine id comes first, because every account can read it.
    """
    for name in STRONGEST_FIRST:
        if not is_placeholder(components.get(name, "")):
            return f"{name}\0{components[name]}"
    raise UnidentifiableError


def salt_for(computer: Computer) -> bytes:
    """Make the 16-byte salt of an installation, from what this computer alone knows.

    A random salt would make a reinstalled app look like a new computer, and take a second seat.
    This one comes out the same again, and without it the server can't guess a serial number.
    """
    identifier = strongest_identifier(computer.components)
    return hmac.digest(APP_SALT, identifier.encode(), hashlib.sha256)[:16]


def description(computer: Computer, salt: bytes) -> Json:
    """Describe a computer in a request: each value as hex of HMAC-SHA256(salt, name NUL value).

    Placeholders are dropped before that: the hash of "None" would look like a serial number.
    """
    real = {name: v for name, v in computer.components.items() if not is_placeholder(v)}
    values = {**real, "hardware_id": strongest_identifier(real)}
    hashed = {
        name: hmac.digest(salt, f"{name}\0{value}".encode(), hashlib.sha256).hex()
        for name, value in values.items()
    }
    return {
        "hardware_id": hashed.pop("hardware_id"),
        "hardware": hashed,
        "computer_name": computer.name,
        "virtual_machine": computer.virtual,
        "os": dict(computer.os),
    }


def digests(described: Mapping[str, Any], salt: bytes) -> dict[str, str]:
    """Digest what is sent as a certificate's `hw` claim does, with the salt of that claim."""
    parts = (described.get("hardware") or {}).items()
    sent = {name: value.strip() for name, value in parts if value}  # the server trims, too
    return {
        name: base64url.encode(hmac.digest(salt, value.encode(), hashlib.sha256)[:16])
        for name, value in usable(described.get("hardware_id", "").strip(), sent).items()
    }


# ---- What is collected. `collect_…` asks the system; `parse_…` reads what it said.


def look() -> Computer:
    """Collect what this computer reports."""
    system = platform.system()
    collect = {"Linux": collect_linux, "Windows": collect_windows, "Darwin": collect_macos}
    found, os_facts = collect.get(system, collect_other)()
    found["memory"] = memory_size(psutil.virtual_memory().total)
    # What a hypervisor calls its computers is told here, before the values are hashed.
    virtual = any(map(is_hypervisor, found.values()))
    found.pop("model", None)  # of the whole computer: for this alone
    os_facts = {"family": "other", "version": platform.release(), "language": "", **os_facts}
    os_facts["arch"] = ARCHITECTURES.get(platform.machine().lower(), platform.machine())
    limits = {"version": 64, "edition": 64, "arch": 32, "language": 35}
    return Computer(
        components={name: v.strip()[:256] for name, v in found.items() if not is_placeholder(v)},
        name=platform.node()[:255].encode("utf-8", "replace").decode(),
        os={name: v[: limits.get(name)] for name, v in os_facts.items() if v},
        virtual=virtual,
    )


ARCHITECTURES: Final = {"amd64": "x86_64", "aarch64": "arm64"}


def memory_size(total: int) -> str:
    """Round bytes up to 4 GiB: graphics and kernels reserve a part that changes."""
    return f"{-(-total // (4 * GIB)) * 4} GiB"


def language_tag(locale: str) -> str:
    """Make a language tag (BCP 47) of a POSIX locale: "ro_RO.UTF-8" → "ro-RO"."""
    name = re.split(r"[.@]", locale)[0].replace("_", "-")
    return "" if name in {"C", "POSIX"} else name


def pick_mac(addresses: Iterable[str]) -> str:
    """Pick the lowest address that a factory assigned (IEEE 802: neither local nor group bit)."""
    plain = sorted(address.lower().replace("-", ":") for address in addresses)
    shaped = (a for a in plain if re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", a))
    return next((a for a in shaped if int(a[:2], 16) & 0b11 == 0 and not is_placeholder(a)), "")


def os_machine_id() -> str:
    """Read the id that the operating system made when it was installed."""
    try:
        return str(machineid.id())
    except (machineid.MachineIdNotFound, OSError, AttributeError):
        return ""


def _run(*command: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands of the operating system
            command,
            capture_output=True,
            check=False,
            timeout=TIMEOUT,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace")


def _json(text: str) -> Json:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def collect_other() -> tuple[dict[str, str], dict[str, str]]:
    """Collect what can be had on a system that is not known."""
    return {"os_machine_id": os_machine_id(), "cpu": platform.processor()}, {}


VIRTUAL: Final = "Virtual Machine"  # the model of a computer that is known to be one

# ---- Linux.

SYSTEM: Final = ("sys_vendor", "product_name")


def collect_linux(root: Path = Path("/")) -> tuple[dict[str, str], dict[str, str]]:
    """Collect on Linux. Serial numbers in DMI are for root only, hence left out (see above)."""
    dmi = root / "sys/class/dmi/id"
    machine, cpuinfo = os_machine_id(), read_public(root / "proc/cpuinfo")
    found = {
        "system_uuid": read_public(dmi / "product_uuid"),
        "board_serial": read_public(dmi / "board_serial"),
        # The 64 digits of a container id or "uninitialized" are no machine id (machine-id(5)).
        "os_machine_id": machine if re.fullmatch(r"[0-9a-f]{32}", machine) else "",
        "model": VIRTUAL if runs_under_hypervisor(cpuinfo) else _joined(dmi, *SYSTEM),
        "board_model": _joined(dmi, "board_vendor", "board_name"),
        "bios": _joined(dmi, "bios_vendor", "bios_version"),
        "cpu": parse_cpuinfo(cpuinfo),
        "tpm": read_public(root / "sys/class/tpm/tpm0/tpm_version_major"),
        "disk_serial": root_disk_serial(root),
        "mac": pick_mac(linux_macs(root / "sys/class/net")),
    }
    release = parse_os_release(read_public(root / "etc/os-release"))
    locale = next((v for n in ("LC_ALL", "LC_MESSAGES", "LANG") if (v := os.environ.get(n))), "")
    return found, {
        "family": "linux",
        "version": release.get("VERSION_ID") or platform.release(),
        "edition": release.get("NAME", ""),
        "language": language_tag(locale),
    }


def read_public(path: Path) -> str:
    """Read a file that every account can read; empty if there is none, or it is for root only."""
    try:
        if not path.stat().st_mode & stat.S_IROTH:
            return ""
        return path.read_text("utf-8", "replace").strip("\0 \t\r\n")
    except OSError:
        return ""


def _joined(folder: Path, *names: str) -> str:
    values = (read_public(folder / name) for name in names)
    return " ".join(value for value in values if not is_placeholder(value))


def parse_cpuinfo(text: str) -> str:
    """Find the processor's name in /proc/cpuinfo."""
    found = re.search(r"^(?:model name|Model|cpu model|Hardware)\s*:\s*(.+)$", text, re.MULTILINE)
    return " ".join(found[1].split()) if found else ""


def runs_under_hypervisor(cpuinfo: str) -> bool:
    """Whether the processor says so (x86); a host of virtual machines does not."""
    return re.search(r"^flags\s*:.*\bhypervisor\b", cpuinfo, re.MULTILINE) is not None


def parse_os_release(text: str) -> dict[str, str]:
    """Read os-release(5)."""
    lines = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, sep, value in lines if sep}


def root_disk_serial(root: Path) -> str:
    """Give the serial number of the disk that holds the root file system."""
    number, source = parse_root_source(read_public(root / "proc/self/mountinfo"))
    # Btrfs has a number of its own, which is no disk's; its source names one of them.
    by_name = root / "sys/class/block" / Path(os.path.realpath(source)).name
    device = next((d for d in (root / "sys/dev/block" / number, by_name) if d.is_dir()), None)
    if not source or device is None:
        return ""
    disk = disk_below(device.resolve())
    # The kernel's own files come first: udev is not there in every sandbox.
    serials = (disk / name for name in ("device/serial", "serial", "device/wwid", "wwid"))
    found = next((value for path in serials if (value := read_public(path))), "")
    return found or parse_udev(
        read_public(root / "run/udev/data" / f"b{read_public(disk / 'dev')}")
    )


def parse_root_source(mountinfo: str) -> tuple[str, str]:
    """Find the device number, as "8:1", and source of / (proc_pid_mountinfo(5)); empty if none."""
    for line in reversed(mountinfo.splitlines()):  # the last mount covers the others
        mount, _, origin = (part.split() for part in line.partition(" - "))
        if mount[4:5] == ["/"] and len(origin) > 1:
            return mount[2], origin[1]
    return "", ""


def disk_below(device: Path) -> Path:
    """Go from a partition, an encrypted or a logical volume to the disk that it lies on."""
    parent = device.parent
    if (device / "partition").exists():
        return disk_below(parent)
    below = sorted((device / "slaves").glob("*"))
    return disk_below(below[0].resolve()) if below else device


def parse_udev(text: str) -> str:
    """Find the serial number in udev's record of a disk."""
    found = re.search(r"^E:ID_SERIAL_SHORT=(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def linux_macs(net: Path) -> list[str]:
    """List the addresses of network cards: hardware behind them, and not on USB."""
    return [
        read_public(card / "address")
        for card in net.glob("*")
        if (card / "device").exists() and "/usb" not in str((card / "device").resolve())
    ]


# ---- Windows.

# One PowerShell for all, because its start takes most of the time. Nothing in it needs an
# administrator; Win32_Tpm would, so the TPM is found by its device id.
WINDOWS_SCRIPT: Final = """
$ErrorActionPreference = 'SilentlyContinue'
[Console]::OutputEncoding = [Text.Encoding]::UTF8
$board = Get-CimInstance Win32_BaseBoard
$bios = Get-CimInstance Win32_BIOS
$system = Get-CimInstance Win32_ComputerSystem
$disk = Get-CimInstance Win32_LogicalDisk -Filter "DeviceID='$env:SystemDrive'" |
  Get-CimAssociatedInstance -ResultClassName Win32_DiskPartition |
  Get-CimAssociatedInstance -ResultClassName Win32_DiskDrive | Select-Object -First 1
@{
  system_uuid = (Get-CimInstance Win32_ComputerSystemProduct).UUID
  model = "$($system.Manufacturer) $($system.Model)"
  board_serial = $board.SerialNumber
  board_model = "$($board.Manufacturer) $($board.Product)"
  bios = "$($bios.Manufacturer) $($bios.SMBIOSBIOSVersion)"
  disk_serial = $disk.SerialNumber
  cpu = (Get-CimInstance Win32_Processor | Select-Object -First 1).Name
  tpm = @(Get-CimInstance Win32_PnPEntity -Filter "PNPDeviceID LIKE '%MSFT0101%'")[0].Name
  macs = @((Get-CimInstance Win32_NetworkAdapter -Filter "PNPDeviceID LIKE 'PCI%'").MACAddress)
  language = (Get-UICulture).Name
} | ConvertTo-Json -Compress
"""


def collect_windows() -> tuple[dict[str, str], dict[str, str]]:
    """Collect on Windows."""
    said = _run("powershell.exe", "-NoProfile", "-NonInteractive", "-Command", WINDOWS_SCRIPT)
    found, language = parse_windows(said)
    # Apps of 32 bits must ask for the 64-bit view of the registry (KEY_WOW64_64KEY).
    found["os_machine_id"] = os_machine_id()
    return found, {
        "family": "windows",
        "version": platform.version(),
        "edition": platform.win32_edition() or "",
        "language": language,
    }


def parse_windows(text: str) -> tuple[dict[str, str], str]:
    """Read what the script printed: components, and the language."""
    said = _json(text)
    macs, language = said.pop("macs", None) or [], said.pop("language", None) or ""
    found = {name: " ".join(str(value).split()) for name, value in said.items() if value}
    found["mac"] = pick_mac(mac for mac in macs if mac)
    if "tpm" in found:
        found["tpm"] = "2.0"  # its name is in the user's language; MSFT0101 is TPM 2.0
    return found, language


# ---- macOS.


def collect_macos() -> tuple[dict[str, str], dict[str, str]]:
    """Collect on macOS, where the hardware UUID is the machine id, so it counts only once."""
    profile = _run("/usr/sbin/system_profiler", "-json", "SPHardwareDataType", "SPNVMeDataType")
    found = {"system_uuid": os_machine_id(), **parse_macos(profile)}
    inside = _run("/usr/sbin/sysctl", "-n", "kern.hv_vmm_present").strip() == "1"
    found["model"] = VIRTUAL if inside else ""
    cards = psutil.net_if_addrs().get("en0", [])  # the built-in one
    found["mac"] = pick_mac(card.address for card in cards if card.family == psutil.AF_LINK)
    return found, {
        "family": "macos",
        "version": platform.mac_ver()[0],
        "language": language_tag(_run("/usr/bin/defaults", "read", "-g", "AppleLocale").strip()),
    }


def parse_macos(text: str) -> dict[str, str]:
    """Read system_profiler's JSON: components."""
    said = _json(text)
    hardware: Json = next(iter(said.get("SPHardwareDataType") or []), {})
    drives: list[Json] = [
        drive for bus in said.get("SPNVMeDataType") or [] for drive in bus.get("_items", [])
    ]
    names = {
        "system_uuid": ("platform_UUID",),
        "board_serial": ("serial_number",),
        "board_model": ("machine_model",),
        "cpu": ("chip_type", "cpu_type"),
        "bios": ("boot_rom_version",),
    }
    found = {
        name: str(hardware[key]) for name, keys in names.items() for key in keys if key in hardware
    }
    inside = (drive for drive in drives if drive.get("bsd_name") == "disk0")
    return {**found, "disk_serial": str(next(inside, {}).get("device_serial", "")).strip()}
