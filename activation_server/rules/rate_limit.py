"""How many calls a minute: the generic cell rate algorithm, which keeps one number of each caller.

A caller may take a minute's calls at once, and gets them back evenly. The number says when all of
them will be back: in nanoseconds of a clock that only goes forward.
"""

SECOND = 1_000_000_000  # nanoseconds
MINUTE = 60 * SECOND
# What is counted afterwards may be more than there was, by as much as was under way.
_DEEPEST_DEBT = MINUTE


def wait(all_back_at: int, now: int, a_minute: int) -> int:
    """Give the nanoseconds until there is a call to take; 0 when there is one."""
    return take(all_back_at, now, a_minute)[0]


def take(all_back_at: int, now: int, a_minute: int) -> tuple[int, int]:
    """Take a call if there is one: gives the nanoseconds until there is, and the number then."""
    after = taken(all_back_at, now, a_minute)
    missing = after - now - MINUTE
    return (missing, all_back_at) if missing > 0 else (0, after)


def taken(all_back_at: int, now: int, a_minute: int) -> int:
    """Give when all calls are back after one more is taken, whether or not there was one.

    Whatever the number was, or the clock did: nobody has to wait for longer than two minutes.
    """
    return min(max(all_back_at, now), now + MINUTE + _DEEPEST_DEBT) + MINUTE // a_minute


def seconds(nanoseconds: int) -> int:
    """Round up to the whole seconds that an answer tells."""
    return -(-nanoseconds // SECOND)
