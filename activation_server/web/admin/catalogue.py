"""Products, policies and releases, as tools read them."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from activation_server.formats import admin_api
from activation_server.formats.admin_answers.catalogue import (
    PoliciesAnswer,
    ProductsAnswer,
    ReleasesAnswer,
)
from activation_server.rules.permissions import Permission
from activation_server.services import products, releases
from activation_server.services.products import Policy
from activation_server.web.admin.access import Caller, requires
from activation_server.web.admin.answers import described
from activation_server.web.admin.parameters import Text
from activation_server.web.admin.routes import PREFIX, reading

router = APIRouter(prefix=PREFIX, tags=["catalogue"])

Reader = Annotated[Caller, requires(Permission.CATALOGUE_READ)]
OfProduct = Annotated[Text, Query(max_length=64, description="a product's code")]


@router.get(
    "/products",
    operation_id="listProducts",
    summary="List the products",
    responses=reading(ProductsAnswer),
)
async def list_products(caller: Reader) -> Response:
    """Every product by its code, with the names of its policies."""
    found = await products.list_products(caller.context)
    documents = [
        admin_api.product(each.code, each.name, each.algorithm, each.policies) for each in found
    ]
    return described(ProductsAnswer, {"products": documents})


@router.get(
    "/policies",
    operation_id="listPolicies",
    summary="List a product's policies",
    responses=reading(PoliciesAnswer),
)
async def list_policies(caller: Reader, product: OfProduct) -> Response:
    """Every policy of a product with all its terms, by name."""
    found = await products.list_policies(caller.context, product)
    documents = [policy_document(each) for each in found]
    return described(PoliciesAnswer, {"policies": documents})


@router.get(
    "/releases",
    operation_id="listReleases",
    summary="List a product's releases",
    responses=reading(ReleasesAnswer),
)
async def list_releases(caller: Reader, product: OfProduct) -> Response:
    """On which day versions came out, the highest version first."""
    found = await releases.list_all(caller.context, product)
    documents = [admin_api.release(each.product, each.version, each.released) for each in found]
    return described(ReleasesAnswer, {"releases": documents})


def policy_document(found: Policy) -> admin_api.Json:
    """Write a policy, with its version."""
    return {**admin_api.policy(found.product, found.name, found.terms), "version": found.version}
