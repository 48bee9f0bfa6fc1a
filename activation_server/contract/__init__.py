"""The published contract: JSON Schemas, OpenAPI document and test vectors, made from the code."""
