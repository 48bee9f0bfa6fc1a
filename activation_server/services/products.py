"""Products and their policies, as operators make and change them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from activation_server.formats.admin_api import changes as changes_as_json
from activation_server.rules.audit import Action
from activation_server.rules.errors import ChangedMeanwhileError, NotFoundError, OperatorError
from activation_server.rules.license import Terms
from activation_server.rules.license_difference import terms_difference
from activation_server.rules.license_version import policy_version
from activation_server.services import audit
from activation_server.services.context import Context
from activation_server.store import products
from activation_server.store.database import Connection
from activation_server.store.products import Product

STANDARD = "standard"  # the policy that every product starts with


@dataclass(frozen=True, slots=True)
class Policy:
    """A named set of terms of a product."""

    product: str
    name: str
    terms: Terms

    @property
    def version(self) -> str:
        """Which version of it this is."""
        return policy_version(self.terms)


@dataclass(frozen=True, slots=True)
class Offered:
    """A product, and the names of the policies that it is sold by."""

    code: str
    name: str
    algorithm: str
    policies: Sequence[str]


async def add_product(
    context: Context, code: str, name: str, algorithm: str, reason: str | None = None
) -> list[str]:
    """Add a product with the policy `standard`; give the names of its policies.

    Raises OperatorError when there is a product of that code.
    """
    now = context.now()

    async def work(connection: Connection) -> list[str]:
        if not await products.add_product(connection, Product(code, name, algorithm), now):
            msg = f"There is a product {code!r} already."
            raise OperatorError(msg)
        await products.add_policy(connection, code, STANDARD, Terms(), now)
        await audit.note(context, connection, Action.PRODUCT_ADDED, subject=code, why=reason)
        return [STANDARD]

    return await context.database.transact(work)


async def rename_product(
    context: Context, code: str, name: str, reason: str | None = None
) -> Product:
    """Give a product another name; give it as it was. Raises NotFoundError."""

    async def work(connection: Connection) -> Product:
        before = await require_product(connection, code, lock=True)
        if before.name != name:
            await products.rename_product(connection, code, name)
            action, details = Action.PRODUCT_RENAMED, {"from": before.name, "to": name}
            await audit.note(context, connection, action, subject=code, details=details, why=reason)
        return before

    return await context.database.transact(work)


async def show_product(context: Context, code: str) -> Product:
    """Give a product. Raises NotFoundError."""
    return await context.database.transact(lambda each: require_product(each, code))


async def show_policy(context: Context, product: str, name: str) -> Policy:
    """Give a policy of a product. Raises NotFoundError."""

    async def work(connection: Connection) -> Policy:
        return Policy(product, name, await require_policy(connection, product, name))

    return await context.database.transact(work)


async def list_products(context: Context) -> Sequence[Offered]:
    """Give all products by their codes, with the names of their policies."""

    async def work(connection: Connection) -> Sequence[Offered]:
        return [
            Offered(
                each.code,
                each.name,
                each.algorithm,
                await products.policy_names(connection, each.code),
            )
            for each in await products.all_products(connection)
        ]

    return await context.database.transact(work)


async def list_policies(context: Context, product: str) -> Sequence[Policy]:
    """Give a product's policies by their names. Raises NotFoundError."""

    async def work(connection: Connection) -> Sequence[Policy]:
        await require_product(connection, product)
        found = await products.policies_of(connection, product)
        return [Policy(product, name, terms) for name, terms in found.items()]

    return await context.database.transact(work)


async def policy_names(context: Context) -> list[str]:
    """Give the names of policies, whatever products they are of, each once."""

    async def work(connection: Connection) -> list[str]:
        codes_ = [product.code for product in await products.all_products(connection)]
        of_each = [await products.policies_of(connection, code) for code in codes_]
        return sorted({name for found in of_each for name in found})

    return await context.database.transact(work)


async def codes(context: Context) -> list[str]:
    """Give the codes of all products."""

    async def work(connection: Connection) -> list[str]:
        return [product.code for product in await products.all_products(connection)]

    return await context.database.transact(work)


async def add_policy(
    context: Context,
    product: str,
    name: str,
    changes: Mapping[str, object],
    reason: str | None = None,
) -> Policy:
    """Add a policy: the default terms with these changed. Raises OperatorError."""
    now, terms = context.now(), Terms().overridden(changes)
    policy = Policy(product, name, terms)

    async def work(connection: Connection) -> Policy:
        await require_product(connection, product, lock=True)
        await _require_one_trial(connection, product, name, terms)
        if not await products.add_policy(connection, product, name, terms, now):
            msg = f"{product!r} has a policy {name!r} already; change it with `policy set`."
            raise OperatorError(msg)
        await _note(context, connection, Action.POLICY_ADDED, policy, Terms(), reason)
        return policy

    return await context.database.transact(work)


async def set_policy(
    context: Context,
    product: str,
    name: str,
    changes: Mapping[str, object],
    *,
    reason: str | None = None,
    seen: Collection[str] | None = None,
) -> Policy:
    """Change terms of a policy: its licenses get them at their next check-in.

    Raises OperatorError when there is no such policy, ChangedMeanwhileError when it is none of the
    versions `seen`; `None`: whichever it is.
    """

    async def work(connection: Connection) -> Policy:
        await require_product(connection, product, lock=True)
        before = await require_policy(connection, product, name, lock=True)
        if seen is not None and policy_version(before) not in seen:
            msg = "Somebody changed this policy since you read it; read it again."
            raise ChangedMeanwhileError(msg)
        policy = Policy(product, name, before.overridden(changes))
        await _require_one_trial(connection, product, name, policy.terms)
        await products.set_policy(connection, product, name, policy.terms)
        if before != policy.terms:
            await _note(context, connection, Action.POLICY_SET, policy, before, reason)
        return policy

    return await context.database.transact(work)


async def _note(
    context: Context,
    connection: Connection,
    action: Action,
    policy: Policy,
    before: Terms,
    reason: str | None,
) -> None:
    details = changes_as_json(terms_difference(before, policy.terms))
    subject = f"{policy.product}/{policy.name}"
    await audit.note(context, connection, action, subject=subject, details=details, why=reason)


async def _require_one_trial(connection: Connection, product: str, name: str, terms: Terms) -> None:
    """Raise OperatorError when trials would have the choice between two policies."""
    offered = await products.trial_policy(connection, product)
    if terms.trial_days is not None and offered is not None and offered[0] != name:
        msg = (
            f"{product!r} gives its trials by the policy {offered[0]!r}: change that one, or first "
            f"set its --trial-days none."
        )
        raise OperatorError(msg)


async def require_product(connection: Connection, code: str, *, lock: bool = False) -> Product:
    """Give a product, locked for a change with `lock`; raises OperatorError when there is none."""
    product = await products.get_product(connection, code, lock=lock)
    if product is None:
        msg = f"There is no product {code!r}; add it with `product add`."
        raise NotFoundError(msg)
    return product


async def require_policy(
    connection: Connection, product: str, name: str, *, lock: bool = False
) -> Terms:
    """Give the terms of a policy; raises OperatorError when there is none."""
    await require_product(connection, product)
    terms = await products.get_policy(connection, product, name, lock=lock)
    if terms is None:
        names = ", ".join(await products.policy_names(connection, product))
        msg = f"{product!r} has no policy {name!r}; it has: {names}."
        raise NotFoundError(msg)
    return terms
