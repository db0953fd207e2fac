"""Starts one Kafka node in KRaft mode, broker and controller in one process, from the pinned Maven artefacts."""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from infra.kafka.connection import Kafka, KafkaConnection
from infra.kafka.topic_contracts import TopicContracts
from infra.local import processes
from infra.local.home import Home, ServiceRecord
from infra.local.jars import kafka_classpath
from schemas.topics import TOPICS, Topic

_CLUSTER_ID = "bWljcm9hZGp1c3QtbG9jYQ"
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.check.interval.ms=300000
"""
LEADERS_TIMEOUT_S: Final = 20.0

_LOGGING = """\
status = warn
appender.file.type = Console
appender.file.name = console
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %c{{1}} %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
"""


def start(home: Home, port: int, controller_port: int, heap_mb: int = 512) -> ServiceRecord:
    """Starts an open node and waits until it answers."""
    ports = {"broker": processes.free_port(port), "controller": processes.free_port(controller_port)}
    text = _PROPERTIES.format(**ports, data=home.folder("kafka", "data"))
    return start_node(home, text, ports, KafkaConnection(f"127.0.0.1:{ports['broker']}"), heap_mb=heap_mb)


def start_node(
    home: Home,
    text: str,
    ports: dict[str, int],
    client: KafkaConnection,
    format_options: Sequence[str] = (),
    heap_mb: int = 512,
    java_options: Sequence[str] = (),
) -> ServiceRecord:
    """Starts a node with these server properties and waits until `client` is answered. `format_options`: for its storage."""
    data, conf = home.folder("kafka", "data"), home.folder("kafka", "conf")
    (conf / "log4j2.properties").write_text(_LOGGING.format())
    properties = conf / "server.properties"
    properties.write_text(text)
    if not (data / "meta.properties").exists():
        _format(properties, format_options)
    log = home.log("kafka")
    argv = [
        "java",
        f"-Xms{heap_mb}m",
        f"-Xmx{heap_mb}m",
        "-XX:+UseG1GC",
        "-XX:MaxGCPauseMillis=20",
        *java_options,
        f"-Dlog4j2.configurationFile={conf / 'log4j2.properties'}",
        "-cp",
        kafka_classpath(),
        "kafka.Kafka",
        str(properties),
    ]
    record = processes.start(argv, log, os.environ, ports)
    processes.wait_until(lambda: _answers(ports["broker"], client), "Kafka", record, log)
    return record


def _format(properties: Path, options: Sequence[str]) -> None:
    argv = [
        "java",
        "-cp",
        kafka_classpath(),
        "kafka.tools.StorageTool",
        "format",
        "-t",
        _CLUSTER_ID,
        "-c",
        str(properties),
    ]
    done = subprocess.run([*argv, *options], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise processes.StackError(f"Kafka's storage could not be formatted:\n{done.stdout}{done.stderr}")


def _answers(port: int, client: KafkaConnection) -> bool:
    if not processes.listens(port):
        return False
    admin = AdminClient({**client.librdkafka, "log_level": 0})
    try:
        return bool(admin.list_topics(timeout=3.0).brokers)
    except KafkaException:
        return False


def create_topics(kafka: Kafka, topics: tuple[Topic, ...] = TOPICS) -> list[str]:
    """Creates the topics that are missing, as their contracts say, and waits for their leaders. Returns their names."""
    created = TopicContracts(kafka, topics).create(replication_factor=1)
    if created:
        _wait_for_leaders(KafkaConnection.of(kafka), set(created))
    return created


def _wait_for_leaders(kafka: KafkaConnection, names: set[str]) -> None:
    admin = AdminClient({**kafka.librdkafka, "log_level": 0})
    deadline_s = time.monotonic() + LEADERS_TIMEOUT_S
    while time.monotonic() < deadline_s:
        found = admin.list_topics(timeout=LEADERS_TIMEOUT_S).topics
        if all(name in found and _has_leaders(found[name]) for name in names):
            return
        time.sleep(0.05)
    raise processes.StackError(f"Kafka at {kafka} has no leader for new topics after {LEADERS_TIMEOUT_S:.0f} s")


def _has_leaders(topic: Any) -> bool:
    return bool(topic.partitions) and all(each.leader >= 0 for each in topic.partitions.values())
