"""Creates the topics of the contract on a broker, and compares what stands there with the contract."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined,unused-ignore]
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from infra.kafka.connection import Kafka, KafkaConnection
from infra.kafka.reading import BrokerUnavailableError, KafkaRefusalError, StreamError
from infra.kafka.refusals import explain_grant, login_problem
from schemas.topics import TOPICS, Topic

REQUEST_TIMEOUT_S: Final = 10.0
BROKER_DEFAULT: Final = -1
"""As replication factor: what the broker is configured for."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between a topic and its contract. `found` is None for a topic that does not exist."""

    topic: str
    what: str
    wanted: str
    found: str | None
    fix: str


class TopicContracts:
    """The topics of the contract on one broker, with the prefix that their names have there. Raises `StreamError`."""

    def __init__(self, kafka: Kafka, topics: Sequence[Topic] = TOPICS, prefix: str = "") -> None:
        self._kafka = KafkaConnection.of(kafka)
        self._topics = {prefix + topic.name: topic for topic in topics}
        try:
            self._admin = AdminClient({**self._kafka.librdkafka, "log_level": 2})
        except KafkaException as error:
            raise StreamError(f"the settings of Kafka cannot be used: {error.args[0].str()}") from None

    def create(self, replication_factor: int = BROKER_DEFAULT) -> list[str]:
        """Creates the topics that are missing; returns their names. Those that exist are left as they are."""
        found = self._descriptions()
        new = [
            NewTopic(name, topic.partitions, replication_factor, config=topic.config)
            for name, topic in self._topics.items()
            if name not in found
        ]
        if not new:
            return []
        created = []
        for name, future in self._admin.create_topics(new, request_timeout=REQUEST_TIMEOUT_S).items():
            error = _error_of(future)
            if error is None:
                created.append(name)
            # Another `create` has been faster.
            elif error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise self._readable(error, "CREATE", name)
        return created

    def differences(self, replication_factor: int | None = None) -> list[Difference]:
        """Compares topics with their contract. More partitions than the contract's are none: topics may grow."""
        found = self._descriptions()
        configs = self._configs(list(found))
        differences = []
        for name, topic in self._topics.items():
            if name not in found:
                fix = "create it with `microadjust topics create`"
                differences.append(Difference(name, "topic", "exists", None, fix))
                continue
            partitions = found[name].partitions
            if len(partitions) < topic.partitions:
                fix = f"kafka-topics.sh --alter --topic {name} --partitions {topic.partitions}"
                differences.append(Difference(name, "partitions", str(topic.partitions), str(len(partitions)), fix))
            replicas = min((len(each.replicas) for each in partitions), default=0)
            if replication_factor is not None and replicas < replication_factor:
                fix = "reassign its partitions with kafka-reassign-partitions.sh"
                differences.append(Difference(name, "replication factor", str(replication_factor), str(replicas), fix))
            for key, wanted in topic.config.items():
                if (value := configs[name].get(key)) != wanted:
                    fix = f"kafka-configs.sh --alter --entity-type topics --entity-name {name} --add-config {key}=[{wanted}]"
                    differences.append(Difference(name, key, wanted, value, fix))
        return differences

    def _descriptions(self) -> dict[str, Any]:
        """The topics that exist, by name."""
        found = {}
        asked = self._admin.describe_topics(TopicCollection(list(self._topics)), request_timeout=REQUEST_TIMEOUT_S)
        for name, future in asked.items():
            error = _error_of(future)
            if error is None:
                found[name] = future.result()
            elif error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise self._readable(error, "DESCRIBE", name)
        return found

    def _configs(self, names: list[str]) -> dict[str, dict[str, str]]:
        if not names:
            return {}
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        found = {}
        for resource, future in self._admin.describe_configs(resources, request_timeout=REQUEST_TIMEOUT_S).items():
            error = _error_of(future)
            if error is not None:
                raise self._readable(error, "DESCRIBE_CONFIGS", resource.name)
            found[resource.name] = {key: entry.value for key, entry in future.result().items()}
        return found

    def _readable(self, error: KafkaError, operation: str, name: str) -> StreamError:
        if text := explain_grant(self._kafka, error, operation, name):
            return KafkaRefusalError(text)
        if text := login_problem(self._kafka):
            return KafkaRefusalError(text)
        if error.code() in (KafkaError._TIMED_OUT, KafkaError._TRANSPORT):  # noqa: SLF001
            return BrokerUnavailableError(f"no Kafka at {self._kafka}: {error.str()}")
        return StreamError(f"Kafka at {self._kafka} refuses to {operation} topic {name}: {error.str()}")


def _error_of(future: "Future[Any]") -> KafkaError | None:
    try:
        future.result()
    except KafkaException as error:
        found: KafkaError = error.args[0]
        return found
    return None
