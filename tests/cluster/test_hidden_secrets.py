"""A job that cannot make its tables: Flink lists their options, a private key among them, and the user sees none of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.jars import flink_jars
from tests.support.certificates import KEY_PASSWORD, Authority
from tests.support.job_process import job_environment

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(200)]

PASSWORD = "hunter2'é✓\"x"


@pytest.mark.parametrize("job", ["adjust", "heatmap"])
def test_flinks_list_of_table_options_holds_no_secret(job: str, tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).issue("client", KEY_PASSWORD)
    plain = (tmp_path / "client.plain.key").read_text().splitlines()[1]
    environ = {
        "MICROADJUST_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "MICROADJUST_KAFKA_SASL_MECHANISM": "PLAIN",
        "MICROADJUST_KAFKA_SASL_USERNAME": "adjust",
        "MICROADJUST_KAFKA_SASL_PASSWORD": PASSWORD,
        "MICROADJUST_KAFKA_SSL_CERTIFICATE_FILE": str(certificate),
        "MICROADJUST_KAFKA_SSL_KEY_FILE": str(key),
        "MICROADJUST_KAFKA_SSL_KEY_PASSWORD": KEY_PASSWORD,
    }
    # Without the connector's jar no table can be made; with that of the event format the job gets as far as that.
    event_format = next(each for each in flink_jars() if "event-format" in each.name)
    done = subprocess.run(
        [sys.executable, "-m", f"jobs.{job}", "--bootstrap", "127.0.0.1:1", "--jars", str(event_format)],
        env=job_environment(environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "'properties.ssl.keystore.key'='[hidden]'" in done.stderr
    for secret in ("hunter2", KEY_PASSWORD, plain, "PRIVATE KEY"):
        assert secret not in done.stderr + done.stdout
