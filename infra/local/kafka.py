"""Starts one Kafka node in KRaft mode, broker and controller in one process, from the pinned Maven artefacts."""

import os
import subprocess
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import KafkaError

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
    """Starts the node and waits until it answers."""
    data, conf = home.folder("kafka", "data"), home.folder("kafka", "conf")
    ports = {"broker": processes.free_port(port), "controller": processes.free_port(controller_port)}
    (conf / "log4j2.properties").write_text(_LOGGING.format())
    properties = conf / "server.properties"
    properties.write_text(_PROPERTIES.format(**ports, data=data))
    if not (data / "meta.properties").exists():
        _format(properties)
    log = home.log("kafka")
    argv = [
        "java",
        f"-Xms{heap_mb}m",
        f"-Xmx{heap_mb}m",
        "-XX:+UseG1GC",
        "-XX:MaxGCPauseMillis=20",
        f"-Dlog4j2.configurationFile={conf / 'log4j2.properties'}",
        "-cp",
        kafka_classpath(),
        "kafka.Kafka",
        str(properties),
    ]
    record = processes.start(argv, log, os.environ, ports)
    processes.wait_until(lambda: _answers(ports["broker"]), "Kafka", record, log)
    return record


def _format(properties: Path) -> None:
    done = subprocess.run(
        [
            "java",
            "-cp",
            kafka_classpath(),
            "kafka.tools.StorageTool",
            "format",
            "-t",
            _CLUSTER_ID,
            "-c",
            str(properties),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise processes.StackError(f"Kafka's storage could not be formatted:\n{done.stdout}{done.stderr}")


def _answers(port: int) -> bool:
    if not processes.listens(port):
        return False
    try:
        admin = KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}", request_timeout_ms=3000)
    except KafkaError:
        return False
    try:
        return bool(admin.describe_cluster()["brokers"])
    except KafkaError:
        return False
    finally:
        admin.close()


def create_topics(bootstrap: str, topics: tuple[Topic, ...] = TOPICS) -> list[str]:
    """Creates the topics that are missing, as their contracts say. Returns their names."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        missing = [topic for topic in topics if topic.name not in set(admin.list_topics())]
        if missing:
            admin.create_topics(
                [
                    NewTopic(
                        topic.name,
                        num_partitions=topic.partitions,
                        replication_factor=1,
                        topic_configs=topic.config,
                    )
                    for topic in missing
                ],
                wait_for_metadata=True,
            )
    finally:
        admin.close()
    return [topic.name for topic in missing]
