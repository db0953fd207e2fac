"""The description of the gateway's interface is complete, sound, and what the gateway does."""

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from jsonschema import Draft202012Validator
from starlette.routing import Route

from infra.gateway.app import create_app
from infra.gateway.rest.openapi import document
from infra.gateway.settings import Settings
from tests.support.json_references import references
from tests.support.push_clients import OPERATOR, WRITE_KEY, Gateway

DOCUMENT = document()
PRIVATE = ("/console", "/debug", "/demo", "/t/")
"""Pages, and what they alone ask for."""

SOCKETS = ("/v1/push", "/v1/push/all")

CONFIGURATION = """\
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "413", "415", "422", "426", "429"]
"""
"""Its own list of ways to say no, with 413 for a batch that is too long, and without those that blame the server."""


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


@pytest.mark.kafka
@pytest.mark.timeout(300)
def test_schemathesis_finds_nothing(gateway: Gateway, tmp_path: Path) -> None:
    """All its checks over all endpoints; WebSockets are no HTTP to it and have tests of their own."""
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    assert httpx.get(f"{gateway.url}/openapi.json").json() == json.loads(json.dumps(DOCUMENT))
    schemathesis = Path(sys.executable).with_name("schemathesis")
    argv = [str(schemathesis), "run", f"{gateway.url}/openapi.json", "--max-examples", "10", "--seed", "7"]
    argv += ["-H", f"Authorization: Bearer {OPERATOR}", "-H", f"X-Write-Key: {WRITE_KEY}", "--checks", "all"]
    argv += ["--continue-on-failure", "--no-color", "--suppress-health-check", "all", "--generation-database", "none"]
    argv += ["--request-timeout", "10"]
    argv += [part for path in SOCKETS for part in ("--exclude-path", path)]
    run = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=280)
    print(run.stdout[-6_000:])
    assert run.returncode == 0, run.stderr[-2_000:]
