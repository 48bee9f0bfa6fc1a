"""What staff can change in the catalogue: what each is called, asks for, and does."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Final

from activation_server.formats import admin_api
from activation_server.rules.errors import OperatorError
from activation_server.rules.license import Terms
from activation_server.rules.license_change import Change
from activation_server.rules.license_difference import terms_difference
from activation_server.rules.releases import normalised
from activation_server.rules.signing_keys import Algorithm
from activation_server.services import catalogue_edit, products, releases
from activation_server.services.catalogue_edit import Told
from activation_server.services.context import Context
from activation_server.web.console import terms_form
from activation_server.web.console.change_form import Field


@dataclass(frozen=True, slots=True)
class Subject:
    """What a change is about: a product, one of its policies or releases; empty where none is."""

    product: str = ""
    policy: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What was typed into a form."""

    subject: Subject
    fields: Mapping[str, str]
    reason: str
    seen: str  # the version of what is changed, as the form showed it


@dataclass(frozen=True, slots=True)
class Form:
    """The inputs of a change, with what stands in them, and the version of what is changed."""

    fields: Sequence[Field] = ()
    seen: str = ""


@dataclass(frozen=True, slots=True)
class CatalogueChange:
    """One thing that staff can do."""

    name: str
    title: str
    about: str
    done: str
    form: Callable[[Context, Subject], Awaitable[Form]]
    do: Callable[[Context, Given], Awaitable[Told]]
    of: Sequence[str] = ()  # what it is about: names of `Subject`
    danger: bool = False


_CODE: Final = Field("code", "Code", hint="What apps send as product; it stays.", longest=64)
_NAME: Final = Field("name", "Name", hint="What people read.")
_ALGORITHM: Final = Field(
    "algorithm",
    "Algorithm in certificates",
    hint="EdDSA is what most libraries know; Ed25519 is RFC 9864's name for the same. It stays.",
    choices={each.value: each.value for each in Algorithm},
)
_POLICY: Final = Field("policy_name", "Name of the policy", hint="It stays.", longest=64)
_RELEASED: Final = Field("released", "Released", hint="The day it came out.", kind="date")
_VERSION: Final = Field("version", "Version", hint="9.2 stands for every 9.2.x.", longest=64)


async def _add_product_form(_context: Context, _subject: Subject) -> Form:
    return Form((_CODE, _NAME, _ALGORITHM))


async def _add_product(context: Context, given: Given) -> Told:
    code, name, algorithm = (given.fields[each.name] for each in (_CODE, _NAME, _ALGORITHM))
    reason = given.reason
    await products.add_product(context, code, name, algorithm, reason)
    return _new({"product": code, "name": name, "algorithm": algorithm})


async def _name_form(context: Context, subject: Subject) -> Form:
    product = await products.show_product(context, subject.product)
    return Form((replace(_NAME, value=product.name),))


async def _rename_product(context: Context, given: Given) -> Told:
    name, reason = given.fields[_NAME.name], given.reason
    before = await products.rename_product(context, given.subject.product, name, reason)
    return _told({"name": Change(before.name, name)} if before.name != name else {})


async def _add_policy_form(context: Context, subject: Subject) -> Form:
    await products.show_product(context, subject.product)
    return Form((_POLICY, *terms_form.of_policy(Terms())))


async def _add_policy(context: Context, given: Given) -> Told:
    name, terms = given.fields[_POLICY.name], terms_form.read(given.fields)
    product, reason = given.subject.product, given.reason
    policy = await products.add_policy(context, product, name, terms, reason)
    standard = terms_difference(Terms(), policy.terms)
    return _told({"policy": Change(None, name), **standard})


async def _change_policy_form(context: Context, subject: Subject) -> Form:
    policy = await products.show_policy(context, subject.product, subject.policy)
    return Form(terms_form.of_policy(policy.terms), policy.version)


async def _change_policy(context: Context, given: Given) -> Told:
    terms = terms_form.read(given.fields)
    changed = await catalogue_edit.change_policy(
        context,
        given.subject.product,
        given.subject.policy,
        terms,
        reason=given.reason,
        seen={given.seen},
    )
    return _told(changed.changes, asdict(changed.use))


async def _add_release_form(context: Context, subject: Subject) -> Form:
    await products.show_product(context, subject.product)
    return Form((_VERSION, _RELEASED))


async def _add_release(context: Context, given: Given) -> Told:
    version, day = given.fields[_VERSION.name], given.fields[_RELEASED.name]
    product, reason = given.subject.product, given.reason
    release = await releases.add(context, product, _version(version), _day(day), reason)
    if release.before == release.released:
        return _told({})
    before = None if release.before is None else release.before.isoformat()
    return _told({release.version: Change(before, release.released.isoformat())})


async def _remove_release_form(context: Context, subject: Subject) -> Form:
    await products.show_product(context, subject.product)
    return Form()


async def _remove_release(context: Context, given: Given) -> Told:
    product, version = given.subject.product, given.subject.version
    release = await releases.remove(context, product, version, given.reason)
    return _told({release.version: Change(release.released.isoformat(), None)})


def _version(text: str) -> str:
    if not normalised(text):
        raise OperatorError("Version: give one with numbers in it, as 9.2.")
    return text


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise OperatorError("Released: give a day as 2027-12-31.") from None


def _new(values: Mapping[str, object]) -> Told:
    return _told({name: Change(None, value) for name, value in values.items()})


def _told(changes: Mapping[str, Change], use: Mapping[str, int] | None = None) -> Told:
    return {"changes": admin_api.changes(changes), "use": use}


CHANGES: Final[Mapping[str, CatalogueChange]] = MappingProxyType(
    {
        each.name: each
        for each in (
            CatalogueChange(
                name="add-product",
                title="Add a product",
                about="Licenses can be sold for it then. It starts with the policy standard: one "
                "seat, for ever, a check-in a week.",
                done="The product was added.",
                form=_add_product_form,
                do=_add_product,
            ),
            CatalogueChange(
                name="rename-product",
                title="Rename the product",
                about="What people read. Apps go by its code, which stays.",
                done="The product has another name.",
                form=_name_form,
                do=_rename_product,
                of=("product",),
            ),
            CatalogueChange(
                name="add-policy",
                title="Add a policy",
                about="A set of terms that licenses of this product can be sold by.",
                done="The policy was added.",
                form=_add_policy_form,
                do=_add_policy,
                of=("product",),
            ),
            CatalogueChange(
                name="change-policy",
                title="Change the policy",
                about="Every license that is sold by it gets the new terms at its next check-in, "
                "but for those that it sets itself. No seat in use is taken away.",
                done="The policy was changed.",
                form=_change_policy_form,
                do=_change_policy,
                of=("product", "policy"),
            ),
            CatalogueChange(
                name="add-release",
                title="Add a release",
                about="When a version came out. A license whose maintenance ended before does not "
                "cover it. An app that says its day itself does not need the list. Listed "
                "already, it gets the new day.",
                done="The release is listed.",
                form=_add_release_form,
                do=_add_release,
                of=("product",),
            ),
            CatalogueChange(
                name="remove-release",
                title="Remove the release",
                about="It is listed no more: apps of this version that do not say their day are no "
                "more refused for it.",
                done="The release was removed.",
                form=_remove_release_form,
                do=_remove_release,
                of=("product", "version"),
                danger=True,
            ),
        )
    }
)
