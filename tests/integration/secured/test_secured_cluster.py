"""Job, gateway, projector and command line on a Kafka with SASL_SSL and ACLs, and a Redis with TLS, user and password."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from redis import Redis

from infra.kafka.accounting import Accountant
from infra.kafka.reading import TopicReader
from infra.local import flink, processes
from infra.local.home import Home
from infra.local.stack import Stack
from infra.redis import keys
from infra.redis.address import read_redis_url
from infra.settings import SettingsError
from infra.simulate.recording import SAMPLE, records
from infra.simulate.replay import Replay, Replayed
from schemas.kafka_security.jaas import quoted
from schemas.topics import ADJUSTMENTS, EVENTS, TOPICS
from tests.integration.secured.conftest import Cli
from tests.support.broker import PrefixedTopics
from tests.support.event_builders import event
from tests.support.gateway import Gateway
from tests.support.projector import ProjectorProcess
from tests.support.secured_broker import HOSTILE, SecuredBroker
from tests.support.secured_redis import PASSWORD, SecuredRedis, secured_redis
from tests.support.stack import expected
from tests.support.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

EVENTS_REPLAYED = 6_000
SECRETS = (HOSTILE, quoted(HOSTILE)[1:-1], PASSWORD)


class Cluster:
    """All parts at work, each as a user of its own."""

    def __init__(self, secured: SecuredBroker, redis: SecuredRedis, home: Home, stack: Stack, cli: Cli) -> None:
        self.secured, self.redis, self.home, self.stack = secured, redis, home, stack
        options = ("--bootstrap", secured.bootstrap, "--startup", "earliest", "--checkpoint-ms", "1000")
        done = cli(secured.environment("adjust"), "submit", "adjust", "--json", "--", *options)
        assert done.status == 0, done.out + done.err
        self.job_id = str(msgspec.json.decode(done.out)[0]["id"])
        topics = PrefixedTopics(secured.bootstrap, "")
        self.projector = ProjectorProcess(topics, None, home, {**secured.environment("projector"), **redis.environment})
        self.gateway = Gateway(topics, "", home, {**secured.environment("gateway"), **redis.environment})

    def replay(self, recording: list[bytes]) -> Replayed:
        """Replays as the command line's user, and waits until each event is accounted for."""
        kafka = self.secured.connection(self.secured.environment("cli"))
        accountant = Accountant(kafka)
        done = Replay(kafka, EVENTS.name, 0).run(recording)
        account = accountant.wait_until_accounted(done.sent, 60)
        assert account.missing == 0
        return done

    def commands(self) -> dict[str, bytes]:
        with TopicReader(self.secured.connection(self.secured.environment("cli")), ADJUSTMENTS.name) as reader:
            found = [record.value or b"" for record in reader.read_to_end(quiet_s=0.0)]
        return {msgspec.json.decode(each)["command_id"]: each for each in found}


@pytest.fixture(scope="module")
def recording() -> list[bytes]:
    return [each for each, _ in zip(records(SAMPLE), range(EVENTS_REPLAYED), strict=False)]


@pytest.fixture(scope="module")
def cluster(secured: SecuredBroker, home: Home, stack: Stack) -> Iterator[Cluster]:
    from tests.integration.secured.conftest import run_cli

    with ExitStack() as ending:
        redis = ending.enter_context(secured_redis(Home(home.path / "secured"), secured.authority))
        cluster = Cluster(secured, redis, home, stack, lambda environ, *arguments: run_cli(home, environ, *arguments))
        ending.callback(flink.stop_job, stack.rest_port, cluster.job_id, savepoint=False)
        flink.wait_for_job(stack.rest_port, cluster.job_id)
        cluster.projector.start()
        ending.callback(cluster.projector.stop)
        yield cluster


@pytest.fixture(scope="module")
def replayed(cluster: Cluster, recording: list[bytes]) -> Replayed:
    return cluster.replay(recording)


def test_commands_are_those_of_the_open_broker(cluster: Cluster, replayed: Replayed, recording: list[bytes]) -> None:
    """`job/test_round_trip.py` shows on the open broker that they are those of the reference."""
    wanted = expected(recording, replayed).commands
    assert wanted
    until(lambda: cluster.commands() == wanted, patience_s=60)


def test_the_projector_has_written_each_session_into_redis(cluster: Cluster, replayed: Replayed) -> None:
    sessions = {msgspec.json.decode(each)["session_id"] for each in cluster.commands().values()} - {None}
    with Redis.from_url(read_redis_url(cluster.redis.environment, "", SettingsError)) as client:
        held = lambda: all(client.exists(keys.session(each)) for each in sessions)  # noqa: E731
        until(held, patience_s=60)


def test_the_gateway_takes_an_event_and_sees_all_topics(cluster: Cluster, replayed: Replayed) -> None:
    cluster.gateway.start()
    try:
        answer = cluster.gateway.post([event("secured", session_id="s-secured")])
        assert answer.status_code == 202, answer.text
        with TopicReader(cluster.secured.admin, EVENTS.name) as reader:
            assert any(each.key == b"s-secured" for each in reader.read_to_end(quiet_s=0.0))
        with cluster.gateway.operator() as operator:
            assert operator.get("/v1/sessions/s-secured").json()["degraded"] is False
            kafka = operator.get("/console/api/health").json()["kafka"]
        assert {each["topic"] for each in kafka["topics"]} >= {topic.name for topic in TOPICS}
        assert "microadjust-projector" in {each["group"] for each in kafka["groups"]}
    finally:
        cluster.gateway.stop()


def test_the_command_line_reads_with_a_properties_file(cluster: Cluster, replayed: Replayed, cli: Cli) -> None:
    folder = cluster.secured.authority.folder
    (folder / "client.properties").write_text(
        "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nssl.truststore.type=PEM\n"
        f"ssl.truststore.location={cluster.secured.authority.certificate}\n"
        "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\\n"
        '  username="cli" password="plain-secret";\n'
    )
    environ = {"MICROADJUST_KAFKA_PROPERTIES": str(folder / "client.properties")}
    done = cli(environ, "commands", "--json", "--last", "5", "--bootstrap", cluster.secured.bootstrap)
    assert done.status == 0, done.err
    assert len(done.out.splitlines()) == 5


def test_no_secret_is_seen_in_logs_command_lines_or_flinks_rest(cluster: Cluster, replayed: Replayed) -> None:
    places: dict[str, str] = {}
    for path in [*Path(cluster.home.path / "logs").rglob("*.log"), *Path(cluster.home.path / "logs").rglob("*.out")]:
        places[str(path)] = path.read_text(errors="replace")
    for process in psutil.process_iter():
        try:
            places[f"command line of {process.pid}"] = " ".join(process.cmdline())
        except psutil.Error:
            continue
    for address in _rest_paths(cluster):
        places[address] = msgspec.json.encode(flink.get(cluster.stack.rest_port, address)).decode()
    assert len(places) > 20
    for place, text in places.items():
        for secret in SECRETS:
            assert secret not in text, place
            assert msgspec.json.encode(secret).decode()[1:-1] not in text, place


def _rest_paths(cluster: Cluster) -> list[str]:
    job = f"/jobs/{cluster.job_id}"
    vertices: list[Any] = flink.get(cluster.stack.rest_port, job)["vertices"]
    return [
        "/config",
        "/jobmanager/config",
        "/jobmanager/environment",
        job,
        *(f"{job}/{each}" for each in ("config", "plan", "checkpoints", "checkpoints/config", "exceptions")),
        *(f"{job}/vertices/{each['id']}" for each in vertices),
    ]


def test_a_process_of_the_wrong_user_says_so_while_it_runs(cluster: Cluster, replayed: Replayed) -> None:
    """A user without grants: the gateway starts, and its log names what it may not do."""
    settings = {**cluster.secured.environment("nobody"), **cluster.redis.environment}
    gateway = Gateway(PrefixedTopics(cluster.secured.bootstrap, ""), "", cluster.home, settings)
    try:
        gateway.start()
        assert gateway.post([event("nobody", session_id="s-nobody")]).status_code == 503
        assert "does not let User:nobody READ and WRITE topic events.v1" in gateway.log
        until(lambda: "does not let User:nobody WRITE any topic" in gateway.log, patience_s=30)
    finally:
        gateway.stop()
        assert processes.listens(gateway.port) is False
