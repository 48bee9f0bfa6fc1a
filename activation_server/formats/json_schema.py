"""How bodies are described as JSON Schema 2020-12, in `schemas/` and in the OpenAPI document."""

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema


class PlainJsonSchema(GenerateJsonSchema):
    """Pydantic's schemas, without titles that only repeat names, and with maps spelt plainly."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's signature
        """Leave titles out."""
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Describe a map by `propertyNames` and `additionalProperties`.

        Pydantic's `patternProperties` alone lets names through that do not fit the pattern.
        """
        described = super().dict_schema(schema)
        patterns = described.pop("patternProperties", {})
        for pattern, values in patterns.items():
            described["propertyNames"] = {**described.get("propertyNames", {}), "pattern": pattern}
            described["additionalProperties"] = values
        return described
