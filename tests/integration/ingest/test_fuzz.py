"""schemathesis over the endpoints that take events; `serving/test_openapi.py` has fewer tries at all of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.ingest.conftest import Start
from tests.support.credentials import OPERATOR, WRITE_KEY

pytestmark = pytest.mark.kafka


# schemathesis does not count 413 among the answers to more items than the schema allows.
CONFIGURATION = """
[checks]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 409, 413, 415, 422, 429]
"""


@pytest.mark.timeout(400)
def test_no_request_finds_a_failure(start: Start, tmp_path: Path) -> None:
    gateway = start()
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION)
    argv = [
        str(Path(sys.executable).with_name("schemathesis")),
        *("--config-file", str(configuration), "run", f"{gateway.url}/openapi.json"),
        *("--header", f"X-Write-Key: {WRITE_KEY}", "--header", f"Authorization: Bearer {OPERATOR}"),
        *(
            "--include-tag",
            "collector",
            "--include-tag",
            "segment",
            "--checks",
            "all",
            "--suppress-health-check",
            "all",
        ),
        *("--max-examples", "30", "--seed", "4", "--no-color", "--generation-database", "none"),
    ]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    print(done.stdout[-2_500:])
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
