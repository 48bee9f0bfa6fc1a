"""Virtual machines: what the app says of its computer, and what the computer's parts give away."""

import re
from collections.abc import Iterable

# What hypervisors call the computers that they make, as firmware reports it. Words stand alone,
# so that no hash which happens to hold their letters is taken for one. Of 12,000 real computers
# (linuxhw/DMI) these name the one that is a virtual machine.
_MODELS = re.compile(
    r"""(?<![a-z0-9])(?:
        vmware \d*
        | virtualbox | vbox | innotek\ gmbh
        | qemu | seabios | standard\ pc\ \((?:q35|i440fx) | pc-(?:q35|i440fx)-[0-9.]+
        | red\ hat\ kvm | kubevirt | openstack
        | (?:microsoft\ corporation\ )? virtual\ machine | hyper-v
        | parallels\ (?:arm\ )?virtual\ platform
        | xen\ hvm | hvm\ domu
        | apple\ virtualization | virtualmac\d+
        | google\ compute\ engine | amazon\ ec2
        | bhyve
    )(?![a-z0-9])""",
    re.VERBOSE,
)
_LONGEST_WORD = 32
_WHOLE_VALUES = frozenset({"kvm", "xen", "bochs"})


def is_hypervisor(value: str) -> bool:
    """Whether a component's value is what a hypervisor calls the computers that it makes."""
    plain = value.strip().casefold()
    if len(plain) > _LONGEST_WORD and plain.isalnum():
        return False  # a hash, as most apps send them: spared the search
    return plain in _WHOLE_VALUES or _MODELS.search(plain) is not None


def is_virtual(reported: bool | None, values: Iterable[str]) -> bool | None:  # noqa: FBT001 - a fact
    """Whether a computer is a virtual machine, by its app or by its parts; `None`: not known."""
    return True if any(map(is_hypervisor, values)) else reported
