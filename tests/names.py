"""Real names of many countries, in their own scripts and romanised, combined at random.

From sigpwned/popular-names-by-country-dataset (CC0), which lies beside the checkout.
"""

import csv
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from activation_server.rules.person import Person

FOLDER = Path(__file__).parents[2] / "shared" / "data"
needs_names = pytest.mark.skipif(not FOLDER.exists(), reason="the real names lie beside a checkout")
_COMPANIES = ("GmbH", "SRL", "Ltd", "株式会社", "& Söhne", "Ινστιτούτο", "ООО", "Software")


@cache
def _names(kind: str) -> dict[str, list[str]]:
    """Names by country, each in every spelling the data has."""
    found: dict[str, list[str]] = {}
    with (FOLDER / f"{kind}-by-country.csv").open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            spellings = {row["Localized Name"], row["Romanized Name"]} - {"", None}
            found.setdefault(row["Country"], []).extend(sorted(spellings))
    return found


def people(count: int, seed: int, start: int = 0) -> Iterator[Person]:
    """Give people with a forename and a surname of one country; numbered from `start` on."""
    chance = random.Random(seed)
    forenames, surnames = _names("forenames"), _names("surnames")
    countries = sorted(forenames.keys() & surnames.keys())
    for number in range(start, start + count):
        country = chance.choice(countries)
        first, last = chance.choice(forenames[country]), chance.choice(surnames[country])
        name = f"{last} {first}" if chance.random() < 0.2 else f"{first} {last}"
        company = f"{chance.choice(surnames[country])} {chance.choice(_COMPANIES)}"
        domain = f"{chance.choice(('mail', 'firm', 'post'))}{chance.randrange(2000)}.example.com"
        yield Person(name, company if chance.random() < 0.5 else None, f"p{number}@{domain}")
