"""The description of the gateway's interface is complete and sound."""

import re

from jsonschema import Draft202012Validator
from starlette.routing import Route

from infra.gateway.app import create_app
from infra.gateway.rest.openapi import document
from infra.gateway.settings import Settings
from tests.support.json_references import references

DOCUMENT = document()
PRIVATE = ("/console", "/debug", "/demo", "/t/")
"""Pages, and what they alone ask for."""


def test_every_endpoint_is_described_with_its_methods_and_nothing_else() -> None:
    served = {}
    for route in create_app(Settings.from_env({})).routes:
        if isinstance(route, Route) and not route.path.startswith(PRIVATE) and route.path != "/":
            path = re.sub(r":\w+}", "}", route.path)
            served[path] = sorted(method.lower() for method in route.methods or () if method != "HEAD")
    assert {path: sorted(of) for path, of in DOCUMENT["paths"].items()} == served


def test_every_reference_leads_somewhere_and_every_schema_is_sound() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for reference in references(DOCUMENT):
        assert reference.removeprefix("#/components/schemas/") in schemas
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    names = [each["operationId"] for of in DOCUMENT["paths"].values() for each in of.values()]
    assert len(names) == len(set(names))
