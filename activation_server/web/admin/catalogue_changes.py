"""Products, policies and releases, as tools change them."""

from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from activation_server.formats import admin_api
from activation_server.formats.admin_answers.catalogue import (
    PolicyAnswer,
    PolicyChangedAnswer,
    ProductAnswer,
    ReleaseAnswer,
    ReleaseListedAnswer,
)
from activation_server.formats.admin_requests.catalogue import (
    PolicyBody,
    ProductBody,
    ProductNameBody,
    ReleaseBody,
    ReleaseNamedBody,
)
from activation_server.rules.permissions import Permission
from activation_server.services import catalogue_edit, products, releases
from activation_server.services.context import Context
from activation_server.services.products import Policy
from activation_server.services.releases import Release
from activation_server.web.admin.catalogue import policy_document
from activation_server.web.admin.changes import Asked, asks
from activation_server.web.admin.once import Made
from activation_server.web.admin.routes import PREFIX, writing

router = APIRouter(prefix=PREFIX, tags=["catalogue changes"])

_WRITE = Permission.CATALOGUE_WRITE
NewProduct = Annotated[Asked[ProductBody], asks(_WRITE, ProductBody)]
NewName = Annotated[Asked[ProductNameBody], asks(_WRITE, ProductNameBody)]
NewPolicy = Annotated[Asked[PolicyBody], asks(_WRITE, PolicyBody)]
PolicyChange = Annotated[Asked[PolicyBody], asks(_WRITE, PolicyBody, as_seen="policy")]
NewRelease = Annotated[Asked[ReleaseBody], asks(_WRITE, ReleaseBody)]
Withdrawal = Annotated[Asked[ReleaseNamedBody], asks(_WRITE, ReleaseNamedBody)]
ETAG: Final = {"ETag": "the version of the policy, for `If-Match`"}


@router.post(
    "/products",
    operation_id="addProduct",
    summary="Add a product",
    status_code=201,
    responses=writing(ProductAnswer, 201),
)
async def add_product(asked: NewProduct) -> Response:
    """It starts with the policy `standard`: one seat, for ever."""
    body = asked.body

    async def add(context: Context) -> Made:
        code, name, algorithm = body.code, body.name, body.algorithm.value
        policies = await products.add_product(context, code, name, algorithm, body.reason)
        return Made(ProductAnswer, admin_api.product(code, name, algorithm, policies), 201)

    return await asked.once(add)


@router.post(
    "/products:rename",
    operation_id="renameProduct",
    summary="Give a product another name",
    responses=writing(ProductAnswer),
)
async def rename_product(asked: NewName) -> Response:
    """What people read; apps go by its code, which stays."""
    body = asked.body

    async def rename(context: Context) -> Made:
        await products.rename_product(context, body.product, body.name, body.reason)
        [found] = [e for e in await products.list_products(context) if e.code == body.product]
        document = admin_api.product(found.code, found.name, found.algorithm, found.policies)
        return Made(ProductAnswer, document)

    return await asked.once(rename)


@router.post(
    "/policies",
    operation_id="addPolicy",
    summary="Add a policy to a product",
    status_code=201,
    responses=writing(PolicyAnswer, 201, headers=ETAG),
)
async def add_policy(asked: NewPolicy) -> Response:
    """A term that is not given is as in `standard` at first."""
    body = asked.body

    async def add(context: Context) -> Made:
        terms, reason = body.terms.given(), body.reason
        policy = await products.add_policy(context, body.product, body.name, terms, reason)
        return Made(PolicyAnswer, policy_document(policy), 201, _etag(policy))

    return await asked.once(add)


@router.post(
    "/policies:set",
    operation_id="changePolicy",
    summary="Change terms of a policy",
    responses=writing(PolicyChangedAnswer, headers=ETAG),
)
async def change_policy(asked: PolicyChange) -> Response:
    """Its licenses get them at their next check-in, but for terms that they set themselves.

    The answer, that of a dry run too, says how many licenses that is.
    """
    body, seen = asked.body, asked.seen

    async def change(context: Context) -> Made:
        changed = await catalogue_edit.change_policy(
            context, body.product, body.name, body.terms.given(), reason=body.reason, seen=seen
        )
        document = {
            **policy_document(changed.policy),
            "changes": admin_api.changes(changed.changes),
            "licenses": changed.use.licenses,
            "licenses_apart": changed.use.own,
        }
        return Made(PolicyChangedAnswer, document, headers=_etag(changed.policy))

    return await asked.once(change)


@router.post(
    "/releases",
    operation_id="addRelease",
    summary="Put a version on a product's list of releases",
    responses=writing(ReleaseListedAnswer),
)
async def add_release(asked: NewRelease) -> Response:
    """Listed already, it gets the new day."""
    body = asked.body

    async def add(context: Context) -> Made:
        product, version, day = body.product, body.version, body.released
        listed = await releases.add(context, product, version, day, body.reason)
        document = {**_release(listed), "before": admin_api.day(listed.before)}
        return Made(ReleaseListedAnswer, document)

    return await asked.once(add)


@router.post(
    "/releases:remove",
    operation_id="removeRelease",
    summary="Take a version off a product's list of releases",
    responses=writing(ReleaseAnswer),
)
async def remove_release(asked: Withdrawal) -> Response:
    """Apps that do not say its day are not refused for it any more."""
    body = asked.body

    async def remove(context: Context) -> Made:
        removed = await releases.remove(context, body.product, body.version, body.reason)
        return Made(ReleaseAnswer, _release(removed))

    return await asked.once(remove)


def _release(release: Release) -> admin_api.Json:
    return admin_api.release(release.product, release.version, release.released)


def _etag(policy: Policy) -> dict[str, str]:
    return {"ETag": f'"{policy.version}"'}
