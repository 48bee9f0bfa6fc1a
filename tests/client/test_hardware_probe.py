"""What each platform says of a computer, and what is made of it."""

import json
import platform
from pathlib import Path

import pytest

from activation_server import hardware_probe
from activation_server.hardware_probe import (
    Computer,
    UnidentifiableError,
    collect_linux,
    description,
    digests,
    disk_below,
    language_tag,
    linux_macs,
    look,
    memory_size,
    parse_cpuinfo,
    parse_macos,
    parse_os_release,
    parse_root_source,
    parse_udev,
    parse_windows,
    pick_mac,
    read_public,
    root_disk_serial,
    salt_for,
)
from activation_server.rules.virtual_machine import is_hypervisor

MACHINE_ID = "3d1219c7c4c5404aaa1f6d2a48adfda4"

WINDOWS = json.dumps(
    {
        "system_uuid": "4C4C4544-0042-3510-8054-B7C04F4E3532",
        "board_serial": "/7B5TNN2/CNPE1009B700AB/",
        "board_model": "Dell Inc. 0KWVT8",
        "bios": "Dell Inc. 1.21.0",
        "disk_serial": "0025_38B1_1140_95D1.",
        "cpu": "Intel(R) Core(TM) i7-8850H CPU @ 2.60GHz     ",
        "tpm": "Vertrauenswürdiges Plattformmodul 2.0",
        "macs": ["9C:EB:E8:2F:11:02", None, "8C:04:BA:12:5F:7E"],
        "language": "de-DE",
    }
)

MACOS = json.dumps(
    {
        "SPHardwareDataType": [
            {
                "_name": "hardware_overview",
                "boot_rom_version": "11881.61.3",
                "chip_type": "Apple M1 Pro",
                "machine_model": "MacBookPro18,1",
                "physical_memory": "16 GB",
                "platform_UUID": "8F1D3C5A-0B7E-5A4D-9C2F-6E1B0A9D8C7F",
                "serial_number": "C02XK1ABQ05D",
            }
        ],
        "SPNVMeDataType": [
            {
                "_items": [
                    {"_name": "USB", "bsd_name": "disk4", "device_serial": "EXTERNAL"},
                    {"_name": "SSD", "bsd_name": "disk0", "device_serial": "0ba01234567890ab "},
                ],
                "_name": "Apple SSD Controller",
            }
        ],
    }
)

MOUNTS = """\
22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw
27 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
28 27 259:1 / /boot/efi rw shared:30 - vfat /dev/nvme0n1p1 rw
"""


def test_windows() -> None:
    found, language = parse_windows(WINDOWS)
    assert language == "de-DE"
    assert found["system_uuid"] == "4C4C4544-0042-3510-8054-B7C04F4E3532"
    assert found["disk_serial"] == "0025_38B1_1140_95D1."
    assert found["cpu"] == "Intel(R) Core(TM) i7-8850H CPU @ 2.60GHz"
    assert found["mac"] == "8c:04:ba:12:5f:7e"
    assert found["tpm"] == "2.0"


def test_windows_with_little_to_say() -> None:
    nothing = dict.fromkeys(["system_uuid", "board_serial", "tpm", "macs", "language"])
    assert parse_windows(json.dumps(nothing)) == ({"mac": ""}, "")
    for text in ("", "not JSON", "[]", "null"):
        assert parse_windows(text) == ({"mac": ""}, "")


def test_macos() -> None:
    assert parse_macos(MACOS) == {
        "system_uuid": "8F1D3C5A-0B7E-5A4D-9C2F-6E1B0A9D8C7F",
        "board_serial": "C02XK1ABQ05D",
        "board_model": "MacBookPro18,1",
        "cpu": "Apple M1 Pro",
        "bios": "11881.61.3",
        "disk_serial": "0ba01234567890ab",
    }


def test_macos_with_little_to_say() -> None:
    intel = {"SPHardwareDataType": [{"cpu_type": "Quad-Core Intel Core i7"}]}
    assert parse_macos(json.dumps(intel))["cpu"] == "Quad-Core Intel Core i7"
    for text in ("", "{}", '{"SPHardwareDataType": [], "SPNVMeDataType": null}'):
        assert parse_macos(text) == {"disk_serial": ""}


def write(path: Path, text: str, mode: int = 0o444) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # one for reading alone is not written again
    path.write_text(text)
    path.chmod(mode)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Lay out the files of a laptop: one NVMe disk, one card on PCI, one on USB, a bridge."""
    dmi = tmp_path / "sys/class/dmi/id"
    write(dmi / "product_uuid", "4c4c4544-0042-3510-8054-b7c04f4e3532\n", 0o400)
    write(dmi / "board_serial", "/7B5TNN2/CNPE1009B700AB/\n", 0o400)
    write(dmi / "sys_vendor", "LENOVO\n")
    write(dmi / "product_name", "20L6\n")
    write(dmi / "board_vendor", "LENOVO\n")
    write(dmi / "board_name", "20L6S0PB00\n")
    write(dmi / "bios_vendor", "LENOVO\n")
    write(dmi / "bios_version", "Default string\n")
    write(tmp_path / "proc/cpuinfo", "processor\t: 0\nmodel name\t: Intel(R)  Core(TM) i5\n")
    write(tmp_path / "proc/self/mountinfo", MOUNTS)
    write(tmp_path / "etc/os-release", 'NAME="Fedora Linux"\n# note\nVERSION_ID=41\n\n')
    write(tmp_path / "sys/class/tpm/tpm0/tpm_version_major", "2\n")
    disk = tmp_path / "sys/devices/pci/nvme0n1"
    write(disk / "dev", "259:0\n")
    write(disk / "device/serial", "S3Z2NB0K123456      \n")
    write(disk / "nvme0n1p2/partition", "2\n")
    numbers = tmp_path / "sys/dev/block"
    numbers.mkdir(parents=True)
    (numbers / "259:2").symlink_to(disk / "nvme0n1p2")
    names = tmp_path / "sys/class/block"
    names.mkdir(parents=True)
    (names / "nvme0n1p2").symlink_to(disk / "nvme0n1p2")
    cards = {"eth0": ("pci0", "8c:04:ba:12:5f:7e"), "dock": ("usb1", "00:04:ba:12:5f:7e")}
    for name, (bus, address) in cards.items():
        device = tmp_path / f"sys/devices/{bus}/{name}"
        device.mkdir(parents=True)
        write(tmp_path / "sys/class/net" / name / "address", f"{address}\n")
        (tmp_path / "sys/class/net" / name / "device").symlink_to(device)
    write(tmp_path / "sys/class/net/virbr0/address", "00:00:5e:00:53:01\n")
    return tmp_path


def test_linux_in_a_virtual_machine(root: Path) -> None:
    assert not is_hypervisor(collect_linux(root)[0]["model"])
    write(root / "sys/class/dmi/id/product_name", "Standard PC (Q35 + ICH9, 2009)\n")
    assert is_hypervisor(collect_linux(root)[0]["model"])


def test_linux_on_a_processor_that_a_hypervisor_shares(root: Path) -> None:
    write(root / "proc/cpuinfo", "model name\t: Some CPU\nflags\t\t: fpu hypervisor lahf_lm\n")
    assert is_hypervisor(collect_linux(root)[0]["model"])


def test_linux(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware_probe, "os_machine_id", lambda: MACHINE_ID)
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", "ro_RO.UTF-8")
    found, os_facts = collect_linux(root)
    assert found == {
        "system_uuid": "",  # for root only, and so never used
        "board_serial": "",
        "os_machine_id": MACHINE_ID,
        "model": "LENOVO 20L6",
        "board_model": "LENOVO 20L6S0PB00",
        "bios": "LENOVO",
        "cpu": "Intel(R) Core(TM) i5",
        "tpm": "2",
        "disk_serial": "S3Z2NB0K123456",
        "mac": "8c:04:ba:12:5f:7e",
    }
    assert os_facts == {
        "family": "linux",
        "version": "41",
        "edition": "Fedora Linux",
        "language": "ro-RO",
    }


@pytest.mark.parametrize("said", ["", "uninitialized", "0a" * 32])
def test_what_is_no_machine_id(root: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setattr(hardware_probe, "os_machine_id", lambda: said)
    assert collect_linux(root)[0]["os_machine_id"] == ""


def test_linux_with_nothing_readable(tmp_path: Path) -> None:
    found, os_facts = collect_linux(tmp_path)
    assert set(found.values()) - {found["os_machine_id"]} == {""}
    assert os_facts["version"] == platform.release()


def test_a_file_for_root_only_is_not_read_even_by_root(tmp_path: Path) -> None:
    path = tmp_path / "serial"
    write(path, "secret", 0o400)
    assert read_public(path) == ""
    path.chmod(0o444)
    assert read_public(path) == "secret"
    assert read_public(tmp_path) == ""


def test_the_root_disk_on_btrfs_is_found_by_name(root: Path) -> None:
    mounts = "27 1 0:30 /root / rw shared:1 - btrfs /dev/nvme0n1p2 rw\n"
    write(root / "proc/self/mountinfo", mounts)
    assert root_disk_serial(root) == "S3Z2NB0K123456"
    write(root / "proc/self/mountinfo", mounts.replace("/dev/nvme0n1p2", "overlay"), 0o644)
    assert root_disk_serial(root) == ""


def test_the_disk_below_an_encrypted_logical_volume(tmp_path: Path) -> None:
    disk = tmp_path / "devices/sda"
    write(disk / "sda3/partition", "3")
    crypt, volume = tmp_path / "virtual/dm-0", tmp_path / "virtual/dm-1"
    for upper, lower in ((crypt, disk / "sda3"), (volume, crypt)):
        (upper / "slaves").mkdir(parents=True)
        (upper / "slaves" / lower.name).symlink_to(lower)
    assert disk_below(volume) == disk


def test_udev_is_asked_when_the_kernel_knows_no_serial(root: Path) -> None:
    (root / "sys/devices/pci/nvme0n1/device/serial").unlink()
    assert root_disk_serial(root) == ""
    record = "S:disk/by-id/x\nE:ID_SERIAL=Samsung_S3Z2\nE:ID_SERIAL_SHORT=S3Z2\n"
    write(root / "run/udev/data/b259:0", record)
    assert root_disk_serial(root) == "S3Z2"
    assert parse_udev("E:ID_MODEL=x\n") == ""


def test_network_cards_are_hardware_and_built_in(root: Path) -> None:
    assert linux_macs(root / "sys/class/net") == ["8c:04:ba:12:5f:7e"]


def test_small_parsers() -> None:
    assert parse_root_source(MOUNTS) == ("259:2", "/dev/nvme0n1p2")
    assert parse_root_source("") == ("", "")
    assert parse_root_source("27 1\n") == ("", "")
    assert parse_cpuinfo("Model\t\t: Raspberry Pi 4 Model B Rev 1.4\n").startswith("Raspberry")
    assert parse_cpuinfo("processor : 0\n") == ""
    assert parse_os_release("A='x'\nnothing\nB=y=z\n") == {"A": "x", "B": "y=z"}
    assert language_tag("sr_RS.UTF-8@latin") == "sr-RS"
    assert [language_tag(name) for name in ("C.UTF-8", "POSIX", "")] == ["", "", ""]


def test_memory_is_told_in_steps_that_reserved_parts_do_not_change() -> None:
    assert memory_size(16_500_000_000) == "16 GiB"
    assert memory_size(16_106_127_360) == "16 GiB"
    assert memory_size(17_179_869_184) == "16 GiB"
    assert memory_size(4_000_000_000) == "4 GiB"


def test_an_address_that_changes_is_no_address() -> None:
    local, group, zero = "02:fc:00:00:00:01", "01:00:5e:00:00:01", "00:00:00:00:00:00"
    assert pick_mac([local, group, zero, "", "fe80::1", "00:11:22"]) == ""
    assert pick_mac([local, "8C-04-BA-12-5F-7E", "a0:00:00:00:00:01"]) == "8c:04:ba:12:5f:7e"


@pytest.mark.parametrize(
    ("system", "family"),
    [("Windows", "windows"), ("Darwin", "macos"), ("Plan9", "other"), ("Linux", "linux")],
)
def test_collecting_never_fails(monkeypatch: pytest.MonkeyPatch, system: str, family: str) -> None:
    """The collectors of other systems find none of their commands here, and go on."""
    monkeypatch.setattr(platform, "system", lambda: system)
    computer = look()
    assert computer.os["family"] == family
    assert computer.os["arch"]
    assert computer.components["memory"].endswith(" GiB")
    assert all(0 < len(value) <= 256 for value in computer.components.values())


def test_a_command_that_hangs_or_fails_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware_probe, "TIMEOUT", 0.05)
    assert hardware_probe._run("sleep", "30") == ""
    assert hardware_probe._run("/no/such/command") == ""
    assert hardware_probe._run("printf", "\\xff") == "\N{REPLACEMENT CHARACTER}"


def test_this_computer_says_the_same_twice() -> None:
    first, second = look(), look()
    assert first == second
    assert first.os["version"]


def computer(**components: str) -> Computer:
    return Computer(components, "x", {"family": "linux", "version": "1"})


def test_the_identity_stands_on_the_strongest_usable_identifier() -> None:
    whole = computer(os_machine_id=MACHINE_ID, system_uuid="u-u-i-d", disk_serial="S3Z2")
    salt = salt_for(whole)
    same = computer(os_machine_id=MACHINE_ID, disk_serial="another")
    assert salt_for(same) == salt
    assert description(same, salt)["hardware_id"] == description(whole, salt)["hardware_id"]
    fallback = computer(os_machine_id="0" * 32, system_uuid="u-u-i-d")
    assert salt_for(fallback) != salt
    with pytest.raises(UnidentifiableError):
        salt_for(computer(cpu="Some CPU", disk_serial="None"))


def test_one_value_under_two_names_is_two_hashes() -> None:
    here = computer(os_machine_id="same-value", system_uuid="same-value")
    described = description(here, salt_for(here))
    assert len({described["hardware_id"], *described["hardware"].values()}) == 3


def test_digests_are_those_of_the_trimmed_usable_values() -> None:
    sent = {"hardware_id": " abcdefgh ", "hardware": {"cpu": "x y", "bios": "None", "tpm": None}}
    clean = {"hardware_id": "abcdefgh", "hardware": {"cpu": " x y"}}
    assert digests(sent, bytes(16)) == digests(clean, bytes(16))
    # HMAC-SHA256 of 16 zero bytes and "abcdefgh", computed with openssl.
    assert digests(sent, bytes(16))["hardware_id"] == "qQlxhJ3-_WlAT46f-WjulQ"
    assert digests({}, bytes(16)) == {}
