"""What is sold: products, their policies, and when their versions came out."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import admin_api
from activation_server.rules.errors import NotFoundError
from activation_server.rules.permissions import Permission
from activation_server.services import products, releases
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, requires
from activation_server.web.console.catalogue_changes import CHANGES
from activation_server.web.console.pages import page

LONGEST: Final = 200  # characters of a name in an address

router = APIRouter(include_in_schema=False)
Reader = Annotated[SignedIn, Depends(requires(Permission.CATALOGUE_READ))]


@router.get(paths.CATALOGUE)
async def show(request: Request, me: Reader) -> Response:
    """Show all products."""
    offered = await products.list_products(acting(request, me))
    may_write = me.may(Permission.CATALOGUE_WRITE)
    return page(request, "catalogue.html", me=me, offered=offered, may_write=may_write)


@router.get(paths.PRODUCT)
async def show_product(request: Request, me: Reader) -> Response:
    """Show a product with its policies and releases."""
    context = acting(request, me)
    code = request.query_params.get("code", "").replace("\0", "")[:LONGEST]
    try:
        product = await products.show_product(context, code)
        policies = await products.list_policies(context, code)
        listed = await releases.list_all(context, code)
    except NotFoundError:
        raise HTTPException(404) from None
    done = CHANGES.get(request.query_params.get("done", ""))
    return page(
        request,
        "product.html",
        me=me,
        product=product,
        policies=[admin_api.policy(each.product, each.name, each.terms) for each in policies],
        releases=listed,
        may_write=me.may(Permission.CATALOGUE_WRITE),
        done=None if done is None else done.done,
    )
