"""What users are told by a Kafka that refuses: a wrong password, a grant that is missing, a login of another kind."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from infra.kafka.access import missing_grants
from infra.kafka.blocking_producer import BlockingProducer
from infra.kafka.grants import GRANTS, Grant
from infra.kafka.reading import KafkaRefusalError, StreamError, TopicReader
from infra.kafka.refusals import login_problem
from infra.kafka.topic_contracts import TopicContracts
from infra.local.home import Home
from infra.local.jars import flink_jars
from infra.local.stack import Stack
from schemas.kafka_security.java_names import SHADED
from schemas.topics import ADJUSTMENTS, EVENTS, LATE, RULES, TOPICS
from tests.integration.secured.conftest import Cli
from tests.support.certificates import Authority
from tests.support.job_process import job_environment
from tests.support.secured_broker import ADMIN, ALLOWED_URLS, HOSTILE, SecuredBroker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(200)]

REFUSED = "refuses the login of User:cli (SCRAM-SHA-512)"
WRONG = "wrong-password-hunter2"
PATIENCE_S = 60.0
"""A busy machine needs many seconds to start a process; `kafka-security.md` has what was measured."""


@pytest.mark.parametrize(
    "command",
    [("commands",), ("rules", "list"), ("topics", "check"), ("topics", "create"), ("gateway",), ("projector",)],
    ids=" ".join,
)
def test_a_wrong_password_ends_every_command(secured: SecuredBroker, cli: Cli, command: tuple[str, ...]) -> None:
    done = cli(secured.environment("cli", WRONG), *command, "--bootstrap", secured.bootstrap)
    assert done.status == 1
    assert REFUSED in done.err
    assert "MICROADJUST_KAFKA_SASL_USERNAME" in done.err
    assert WRONG not in done.err + done.out
    assert done.seconds < PATIENCE_S
    print(f"{' '.join(command)}: {done.seconds:.1f} s")


def test_the_gateways_check_names_login_and_grants(secured: SecuredBroker, cli: Cli) -> None:
    wrong = cli(secured.environment("cli", WRONG), "gateway", "--check", "--bootstrap", secured.bootstrap)
    assert (wrong.status, REFUSED in wrong.out, WRONG in wrong.out + wrong.err) == (1, True, False)
    lacking = cli(secured.environment("setup"), "gateway", "--check", "--bootstrap", secured.bootstrap)
    assert lacking.status == 1
    assert "does not let User:setup READ and WRITE topic events.v1" in lacking.out


def test_a_wrong_password_ends_submit(secured: SecuredBroker, stack: Stack, cli: Cli) -> None:
    done = cli(secured.environment("cli", WRONG), "submit", "adjust", "--", "--bootstrap", secured.bootstrap)
    assert (done.status, WRONG in done.err) == (1, False)
    assert REFUSED in done.err
    print(f"submit: {done.seconds:.1f} s")


def start_job(environ: Mapping[str, str], bootstrap: str, job: str = "adjust") -> tuple[int, str, float]:
    """Starts a job as `flink run` does, by its module; it is refused before anything is submitted."""
    began_s = time.monotonic()
    jars = ",".join(map(str, flink_jars()))
    argv = [sys.executable, "-m", f"jobs.{job}", "--bootstrap", bootstrap, "--jars", jars]
    done = subprocess.run(
        argv, env=job_environment(environ), capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    return done.returncode, done.stderr, time.monotonic() - began_s


@pytest.mark.parametrize("job", ["adjust", "heatmap"])
def test_a_wrong_password_ends_a_job_before_it_is_submitted(secured: SecuredBroker, job: str) -> None:
    environ = secured.environment("adjust", WRONG)
    status, err, seconds = start_job(environ, secured.bootstrap, job)
    assert status == 1
    assert f"{job}: Kafka at {secured.bootstrap}: the login of User:adjust is refused" in err
    assert WRONG not in err
    print(f"jobs.{job}: {seconds:.1f} s")


def test_the_java_client_logs_in_by_each_kind_and_names_what_is_not_granted(secured: SecuredBroker) -> None:
    mine = [each for each in GRANTS if each.component == "adjust job" and each.name not in (LATE.name, RULES.name)]
    secured.grant(*(("partial", each) for each in [*mine, Grant("", "topic", LATE.name, ("READ",), "")]))
    with secured.issuer.serving() as token_url:
        logins = {
            "scram": secured.environment("adjust"),
            "scram-256": secured.environment("adjust", mechanism="SCRAM-SHA-256"),
            "mtls": {**secured.mtls_environment("adjust"), "MICROADJUST_BOOTSTRAP": secured.mtls_bootstrap},
            "plain": secured.environment("cli", "plain-secret", "PLAIN"),
            "oauth": secured.oauth_environment(token_url),
            "oauth, wrong": secured.oauth_environment(token_url, WRONG),
            "partial": secured.environment("partial"),
        }
        asked = {name: {"MICROADJUST_BOOTSTRAP": secured.bootstrap, **environ} for name, environ in logins.items()}
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.java_logins"],
            env=job_environment({"JAVA_TOOL_OPTIONS": f"-D{SHADED}{ALLOWED_URLS}={token_url}"}),
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE_S,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["scram"], found["scram-256"], found["mtls"]) == ("", "", "")
    assert "User:cli may not WRITE topic late.v1" in found["plain"]
    assert "User:cli may not DESCRIBE topic session-state.v1" in found["plain"]
    assert "the OAuth client nobody may not DESCRIBE topic events.v1" in found["oauth"]
    assert "refused" in found["oauth, wrong"]
    assert "User:partial may not WRITE topic late.v1" in found["partial"]
    assert "User:partial may not DESCRIBE topic rules.v1" in found["partial"]
    assert "adjustments.v1" not in found["partial"]
    for text in (*found.values(), done.stderr):
        assert HOSTILE not in text
        assert WRONG not in text


def test_a_grant_that_is_missing_is_named_by_every_client(secured: SecuredBroker) -> None:
    nobody, setup = (secured.connection(secured.environment(each)) for each in ("nobody", "setup"))
    with TopicReader(nobody, ADJUSTMENTS.name) as reader, pytest.raises(KafkaRefusalError) as refused:
        reader.bounds()
    assert "does not let User:nobody DESCRIBE topic adjustments.v1" in str(refused.value)
    with TopicReader(nobody, ADJUSTMENTS.name, missing_ok=True) as reader, pytest.raises(KafkaRefusalError):
        reader.bounds()
    with TopicReader(setup, ADJUSTMENTS.name) as reader:
        reader.assign(dict.fromkeys(reader.find_partitions(), 0))
        with pytest.raises(KafkaRefusalError) as refused:
            _poll_for_error(reader)
    assert "does not let User:setup READ topic adjustments.v1" in str(refused.value)
    producer = BlockingProducer(setup)
    producer.send(EVENTS.name, b"value", b"key")
    with pytest.raises(KafkaRefusalError) as refused:
        producer.finish()
    assert "does not let User:setup WRITE topic events.v1" in str(refused.value)
    with pytest.raises(KafkaRefusalError) as refused:
        TopicContracts(nobody, prefix="other-").create()
    assert "topic other-" in str(refused.value)
    with TopicReader(setup, ADJUSTMENTS.name, group_id="microadjust-projector") as reader:
        places = reader.find_partitions()
        with pytest.raises(KafkaRefusalError) as refused:
            reader.committed(places)
    assert "group microadjust-projector" in str(refused.value)


def test_grants_are_compared_with_what_a_component_needs(secured: SecuredBroker) -> None:
    gateway, cli, nobody = (secured.connection(secured.environment(each)) for each in ("gateway", "cli", "nobody"))
    assert missing_grants(gateway, "gateway") == []
    assert missing_grants(gateway, "projector") == []
    lacking = missing_grants(cli, "gateway")
    assert any("does not let User:cli WRITE topic rejected.v1" in each for each in lacking)
    assert any("does not let User:cli READ topic heatmap.v1" in each for each in lacking)
    assert not any("topic rules.v1" in each for each in lacking)
    assert len(missing_grants(nobody, "gateway")) == len(TOPICS)


def _poll_for_error(reader: TopicReader) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        reader.poll(0.2)


def test_every_kind_of_login_works(secured: SecuredBroker, tmp_path: Path) -> None:
    bundle = Authority(tmp_path).certificate.read_text() + secured.authority.certificate.read_text()
    in_a_bundle = {name: each for name, each in secured.environment("cli").items() if "SSL_CA" not in name}
    for environ, bootstrap in (
        (secured.environment("cli"), ""),
        ({**in_a_bundle, "MICROADJUST_KAFKA_SSL_CA": bundle}, ""),
        (secured.environment("cli", mechanism="SCRAM-SHA-256"), ""),
        (secured.environment("cli", "plain-secret", "PLAIN"), ""),
        (secured.mtls_environment("cli"), secured.mtls_bootstrap),
    ):
        kafka = secured.connection(environ, bootstrap)
        assert login_problem(kafka) is None
        with TopicReader(kafka, ADJUSTMENTS.name) as reader:
            assert reader.bounds()
    with secured.issuer.serving() as token_url:
        assert login_problem(secured.connection(secured.oauth_environment(token_url))) is None
        problem = login_problem(secured.connection(secured.oauth_environment(token_url, WRONG)))
    assert "refuses the login of the OAuth client nobody" in (problem or "")
    assert WRONG not in (problem or "")


def test_a_broker_that_cannot_be_checked_or_wants_security_is_told_apart(secured: SecuredBroker) -> None:
    without_ca = {name: each for name, each in secured.environment("cli").items() if "SSL_CA" not in name}
    assert "TLS handshake" in (login_problem(secured.connection(without_ca)) or "")
    assert "closes connections without TLS" in (login_problem(secured.connection({})) or "")
    no_certificate = {name: each for name, each in secured.mtls_environment("cli").items() if "CERT" not in name}
    no_certificate = {name: each for name, each in no_certificate.items() if "KEY" not in name}
    assert "client certificate" in (login_problem(secured.connection(no_certificate, secured.mtls_bootstrap)) or "")


def test_topics_are_created_once_and_each_difference_is_named(secured: SecuredBroker, cli: Cli, home: Home) -> None:
    environ, at = secured.environment("setup"), ("--bootstrap", secured.bootstrap, "--json")
    again = cli(environ, "topics", "create", *at)
    assert (again.status, again.out.strip()) == (0, "[]")
    same = cli(environ, "topics", "check", "--replication-factor", "1", *at)
    assert (same.status, same.out.strip()) == (0, "[]")
    more = cli(environ, "topics", "check", "--replication-factor", "3", *at)
    assert more.status == 1
    assert '"what":"replication factor","wanted":"3","found":"1"' in more.out
    missing = cli(secured.environment(*ADMIN), "topics", "check", "--prefix", "other-", *at)
    assert missing.status == 1
    assert '"topic":"other-events.v1","what":"topic","wanted":"exists","found":null' in missing.out


def test_topics_that_differ_are_compared_value_by_value(secured: SecuredBroker) -> None:
    """With the administrator's login, which may create topics of other names."""
    other = replace(EVENTS, partitions=2, retention_ms=60_000)
    assert TopicContracts(secured.admin, [other], "few-").create(1) == ["few-events.v1"]
    contracts = TopicContracts(secured.admin, [EVENTS], "few-")
    assert contracts.create() == []
    found = {each.what: (each.wanted, each.found, each.fix) for each in contracts.differences()}
    assert found["partitions"][:2] == ("4", "2")
    assert "--partitions 4" in found["partitions"][2]
    assert found["retention.ms"][:2] == (str(EVENTS.retention_ms), "60000")
    assert "--add-config retention.ms=" in found["retention.ms"][2]
    assert len(found) == 2
    more = replace(EVENTS, partitions=1, retention_ms=60_000)
    assert TopicContracts(secured.admin, [more], "few-").differences() == []
    with pytest.raises(StreamError, match="CREATE topic much-events"):
        TopicContracts(secured.admin, [EVENTS], "much-").create(3)
