"""Products, policies and releases."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from activation_server.formats.admin_requests.base import (
    AdminBody,
    Reason,
    example,
    read_day,
    string,
)
from activation_server.formats.admin_requests.terms import TermsBody, checked_version
from activation_server.rules.signing_keys import Algorithm

Code = Annotated[str, string(64), Field(examples=["backup-pro"])]
Name = Annotated[str, string(200)]


class ProductBody(AdminBody):
    """A product that is to be added."""

    model_config = example({"code": "backup-pro", "name": "Backup Pro", "reason": "new product"})

    code: Annotated[Code, Field(description="what apps send as `product`; it stays")]
    name: Name
    algorithm: Annotated[Algorithm, Field(description="`alg` of its certificates; it stays")] = (
        Algorithm.EDDSA
    )
    reason: Reason


class ProductNameBody(AdminBody):
    """Another name for a product."""

    model_config = example(
        {"product": "backup-pro", "name": "Backup Professional", "reason": "new name"}
    )

    product: Code
    name: Name
    reason: Reason


class PolicyBody(AdminBody):
    """A policy that is to be added, or terms of one that are to be others."""

    model_config = example(
        {
            "product": "backup-pro",
            "name": "yearly",
            "terms": {"seats": 2, "term_days": 365},
            "reason": "the new price list",
        }
    )

    product: Code
    name: Name
    terms: TermsBody = TermsBody()
    reason: Reason


class ReleaseBody(AdminBody):
    """A version of a product, and the day it came out."""

    model_config = example(
        {
            "product": "backup-pro",
            "version": "9.2",
            "released": "2026-10-02",
            "reason": "release of 9.2",
        }
    )

    product: Code
    version: Annotated[str, string(64), AfterValidator(checked_version)]
    released: Annotated[date, BeforeValidator(read_day), Field(description="the day it came out")]
    reason: Reason


class ReleaseNamedBody(AdminBody):
    """A version that is to be listed no more."""

    model_config = example(
        {"product": "backup-pro", "version": "9.2", "reason": "it was withdrawn"}
    )

    product: Code
    version: Annotated[str, string(64), AfterValidator(checked_version)]
    reason: Reason
