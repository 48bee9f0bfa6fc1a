"""A product's list of releases: on which day the version of an app came out."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache

from activation_server.rules.license import version_key

Releases = Mapping[str, date]  # by version, as `normalised`


def normalised(version: str) -> str:
    """Write a version by its numbers alone: "v9.02 beta" as "9.2"; empty without any."""
    return ".".join(map(str, version_key(version)))


@lru_cache(maxsize=1024)  # apps in use have few versions
def standing_for(version: str) -> Sequence[str]:
    """Give the listed versions that would stand for this one, the longest first.

    A listed version stands for all that begin with its numbers: 9.2 is every 9.2.x.
    """
    numbers = normalised(version).split(".") if version_key(version) else []
    return tuple(".".join(numbers[:length]) for length in range(len(numbers), 0, -1))


def released(version: str, listed: Releases) -> date | None:
    """Give the day a version came out, by the longest listed one that stands for it."""
    return next((listed[one] for one in standing_for(version) if one in listed), None)
