"""What a person's data was before it was put right: told again, it is read as it is now.

Apps repeat what they were told at first. Kept are keyed digests of it, as it was written and with
case and accents folded, so that `Zolc` put right to `Żółć` is told from `Żółć` in capitals.
"""

from collections.abc import Collection
from uuid import UUID

from activation_server.base64url import encode
from activation_server.rules.folding import fold
from activation_server.rules.person import PERSON, Person
from activation_server.services.context import Context


def after(
    context: Context, license_id: UUID, marks: Collection[str], before: Person, now: Person
) -> frozenset[str]:
    """Give the marks of a person who was put right: of what is so no more, and of nothing else."""
    kept = set(marks)
    for name in PERSON:
        was, is_ = getattr(before, name), getattr(now, name)
        if was != is_:
            kept |= _of(context, license_id, name, was)
        kept -= _of(context, license_id, name, is_)
    return frozenset(kept)


def after_news(marks: Collection[str], before: Person, now: Person) -> frozenset[str]:
    """Give the marks of a person of whom an app told something new: that counts from then on."""
    changed = {name for name in PERSON if getattr(before, name) != getattr(now, name)}
    return frozenset(each for each in marks if each.partition(":")[0] not in changed)


def outdated(
    context: Context, license_id: UUID, marks: Collection[str], told: Person
) -> frozenset[str]:
    """Give the names of what is told that was put right since."""
    if not marks:
        return frozenset()
    told_marks = {
        name: _of(context, license_id, name, getattr(told, name, None)) for name in PERSON
    }
    return frozenset(name for name, forms in told_marks.items() if not forms.isdisjoint(marks))


def of(context: Context, license_id: UUID, told: Person) -> frozenset[str]:
    """Give the marks that somebody has of whom any of this was put right."""
    forms = (_of(context, license_id, name, getattr(told, name)) for name in PERSON)
    return frozenset().union(*forms)


def _of(context: Context, license_id: UUID, name: str, text: str | None) -> set[str]:
    """Give both marks of a text: as it is written, and folded."""
    if not text:
        return set()
    digest = context.keyring.digester.of_superseded
    forms = {f"{name} written": text.strip(), f"{name} folded": fold(text.strip())}
    return {f"{name}:{encode(digest(license_id, form, each))}" for form, each in forms.items()}
