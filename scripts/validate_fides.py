"""Validate a Fides dataset: its form, and that every name in it is one of fideslang's own.

Reads YAML from standard input, and exits with 1 and a sentence for each fault. Run by `make lint`
in an environment of its own, with nothing of this project in it.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import yaml
from fideslang import DEFAULT_TAXONOMY
from fideslang.models import (
    Dataset,
    DatasetCollection,
    DatasetField,
    LegalBasisForProcessingEnum,
)
from pydantic import BaseModel, ValidationError

CATEGORIES = {each.fides_key for each in DEFAULT_TAXONOMY.data_category}
USES = {each.fides_key for each in DEFAULT_TAXONOMY.data_use if each.version_deprecated is None}
SUBJECTS = {each.fides_key for each in DEFAULT_TAXONOMY.data_subject}
BASES = {each.value for each in LegalBasisForProcessingEnum}


def main() -> None:
    """Check everything on standard input, and tell all faults."""
    document = yaml.safe_load(sys.stdin)
    datasets = document.get("dataset") if isinstance(document, dict) else None
    if not datasets:
        sys.exit("No dataset came in.")
    found = [fault for dataset in datasets for fault in faults(dataset)]
    if found:
        sys.exit("\n".join(found))


def faults(dataset: dict[str, Any]) -> Iterator[str]:
    """Give what is wrong with a dataset, one sentence each."""
    try:
        Dataset.model_validate(dataset)
    except ValidationError as error:
        yield f"No Fides dataset: {error}"
        return
    yield from _unread("the dataset", dataset, Dataset)
    columns = dataset["meta"]["columns"]
    for collection in dataset["collections"]:
        yield from _unread(collection["name"], collection, DatasetCollection)
        for field in collection["fields"]:
            name = f"{collection['name']}.{field['name']}"
            yield from _unread(name, field, DatasetField)
            yield from _field_faults(name, field, columns.get(name, {}))


def _field_faults(name: str, field: dict[str, Any], meta: dict[str, Any]) -> Iterator[str]:
    categories = field.get("data_categories", [])
    yield from _unknown(name, "data category", categories, CATEGORIES, least=1)
    yield from _unknown(name, "data use", field.get("data_uses", []), USES, least=1)
    person = any(category.split(".")[0] == "user" for category in categories)
    subjects = field.get("data_subjects", [])
    yield from _unknown(name, "data subject", subjects, SUBJECTS, least=int(person))
    bases = [meta["legal_basis"]] if meta.get("legal_basis") else []
    yield from _unknown(name, "legal basis", bases, BASES, least=int(person))
    if not meta.get("retention"):
        yield f"{name} has no retention class."


def _unknown(
    name: str, what: str, given: Iterable[str], known: set[str], *, least: int
) -> Iterator[str]:
    """Tell words that are not fideslang's, and that there are too few."""
    words = list(given)
    if len(words) < least:
        yield f"{name} has no {what}."
    for word in words:
        if word not in known:
            yield f"{name}: {word!r} is no {what} of fideslang."


def _unread(name: str, given: dict[str, Any], model: type[BaseModel]) -> Iterator[str]:
    """Tell what fideslang would pass over in silence."""
    for key in given.keys() - model.model_fields.keys():
        yield f"{name}: fideslang knows no {key!r} here."


if __name__ == "__main__":
    main()
