"""JSON Schemas (2020-12) of all bodies, each complete in itself, and the OpenAPI document."""

from typing import Any, cast

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from activation_server.contract.certificate_schemas import CERTIFICATE_CLAIMS, JWKS
from activation_server.formats.client_api import ANSWERS, REQUESTS, schema_name
from activation_server.formats.json_schema import PlainJsonSchema
from activation_server.formats.problem import INTERNAL_FAULT
from activation_server.rules.reasons import Notice, Reason
from activation_server.services.context import Context
from activation_server.web.admin import app as admin
from activation_server.web.app import Readiness, build

Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ABOUT_REQUESTS = (
    "UTF-8, at most 16 KiB. The limits hold for strings after their outer white space is trimmed. "
    "Unknown fields are ignored, and an optional field may be null."
)
_ABOUT_ANSWERS = "Apps ignore fields that they do not know: later versions add some."
_CODES = {
    "ProblemBody": {
        "description": "one of the examples; go by `status` where you do not know it",
        "examples": [*map(str, Reason), INTERNAL_FAULT],
    },
    "NoticeBody": {
        "description": "one of the examples; ignore one that you do not know",
        "examples": [*map(str, Notice)],
    },
}


def file_stem(model: type) -> str:
    """Give the name of a body's schema file: `activation-request`."""
    return schema_name(model).replace("_", "-").removesuffix("-body")


def schemas() -> dict[str, Json]:
    """Give each schema file's name and content."""
    written = {
        "certificate-claims": _headed(CERTIFICATE_CLAIMS, "certificate-claims", _ABOUT_ANSWERS),
        "jwks": _headed(JWKS, "jwks", _ABOUT_ANSWERS),
    }
    requests = {file_stem(model): _schema(model, "validation") for model in REQUESTS}
    answers = {file_stem(model): _schema(model, "serialization") for model in ANSWERS}
    return {f"{stem}.json": schema for stem, schema in (requests | answers | written).items()}


def openapi() -> Json:
    """Give the OpenAPI document, as a server answers it at `/openapi.json`."""
    # Routes touch their context when they are called, and none is called here.
    no_context, no_readiness = cast("Context", object()), cast("Readiness", object())
    return build(no_context, no_readiness).openapi()


def admin_openapi() -> Json:
    """Give the OpenAPI document of the admin API, as `/admin/v1/openapi.json` answers it."""
    return admin.build(cast("Context", object())).openapi()


def _schema(model: type, mode: JsonSchemaMode) -> Json:
    generated = TypeAdapter(model).json_schema(mode=mode, schema_generator=PlainJsonSchema)
    for name, body in {model.__name__: generated, **generated.get("$defs", {})}.items():
        if name in _CODES:
            body["properties"]["code"] |= _CODES[name]
    about = _ABOUT_REQUESTS if mode == "validation" else _ABOUT_ANSWERS
    return _headed(generated, file_stem(model), about)


def _headed(schema: Json, stem: str, about: str) -> Json:
    head = {
        "$schema": DIALECT,
        "$id": f"{stem}.json",
        "title": stem.replace("-", " ").capitalize().replace("Jwks", "JWKS"),
        "description": f"{schema['description']} {about}",
    }
    return head | {name: value for name, value in schema.items() if name not in head}
