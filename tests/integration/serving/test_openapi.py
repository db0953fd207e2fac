"""schemathesis over all endpoints: the gateway does what its description says."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from infra.gateway.rest.openapi import document
from tests.support.credentials import OPERATOR, WRITE_KEY
from tests.support.gateway import Gateway

DOCUMENT = document()
SOCKETS = ("/v1/push", "/v1/push/all")

CONFIGURATION = """\
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "413", "415", "422", "426", "429"]
"""
"""Its own list of ways to say no, with 413 for a batch that is too long, and without those that blame the server."""


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
    print(run.stdout)
    assert run.returncode == 0, run.stderr[-2_000:]
