"""Values that are made by the thousand: frozen to mypy, which reads all of the code.

At run time a frozen dataclass takes four times as long to make, as each field goes through
`object.__setattr__`. A check-in makes twenty values. Modules on its way import `dataclass` from
here, and from the standard library `if TYPE_CHECKING`.
"""

import dataclasses
from collections.abc import Callable


def dataclass(*, frozen: bool, slots: bool = False) -> Callable[[type], type]:
    """Make a dataclass that can be compared and hashed as a frozen one."""
    return dataclasses.dataclass(slots=slots, unsafe_hash=frozen)
