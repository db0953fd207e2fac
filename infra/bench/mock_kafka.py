"""A Kafka broker inside this process that fails on command: librdkafka's own mock cluster, steered through ctypes."""

import ctypes
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import confluent_kafka

from schemas.topics import TOPICS

BROKER: Final = 1
DEAD_BROKER: Final = 2
"""Never answers: a partition that it leads cannot be written. One without any leader crashes librdkafka's mock."""

UNKNOWN_TOPIC: Final = 3
"""Kafka's error code UNKNOWN_TOPIC_OR_PARTITION."""

_PARTITIONS: Final = 4
_ERROR_BYTES: Final = 512


def _library() -> ctypes.CDLL:
    folder = Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs"
    (found,) = folder.glob("librdkafka*.so*")
    return ctypes.CDLL(str(found))


def is_available() -> bool:
    """Whether the installed client brings the library where it is looked for."""
    try:
        _library()
    except (OSError, ValueError):
        return False
    return True


class MockKafka:
    """A cluster with the contract's topics, `partitions` each: of one broker that lives and, if asked for, one that does not."""

    def __init__(self, partitions: int = _PARTITIONS, has_dead_broker: bool = False) -> None:
        self._library = _library()
        pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
        error = ctypes.create_string_buffer(_ERROR_BYTES)
        config = self._function("rd_kafka_conf_new", pointer)()
        new = self._function("rd_kafka_new", pointer, number, pointer, text, ctypes.c_size_t)
        self._client = new(0, config, error, _ERROR_BYTES)
        self._cluster = self._function("rd_kafka_mock_cluster_new", pointer, pointer, number)(
            self._client, 2 if has_dead_broker else 1
        )
        self.bootstrap: str = self._function("rd_kafka_mock_cluster_bootstraps", text, pointer)(self._cluster).decode()
        create = self._function("rd_kafka_mock_topic_create", number, pointer, text, number, number)
        for topic in TOPICS:
            create(self._cluster, topic.name.encode(), partitions, 1)
            if has_dead_broker:
                # Now and then librdkafka takes a second for each.
                for partition in range(partitions):
                    self.set_leader(topic.name, partition, BROKER)
        if has_dead_broker:
            self._function("rd_kafka_mock_broker_set_down", number, pointer, ctypes.c_int32)(self._cluster, DEAD_BROKER)

    def set_leader(self, topic: str, partition: int, broker: int) -> None:
        """Gives the partition to `BROKER` or to `DEAD_BROKER`."""
        number, pointer = ctypes.c_int32, ctypes.c_void_p
        set_leader = self._function(
            "rd_kafka_mock_partition_set_leader", ctypes.c_int, pointer, ctypes.c_char_p, number, number
        )
        set_leader(self._cluster, topic.encode(), partition, broker)

    def fail_topic(self, topic: str, error: int = UNKNOWN_TOPIC) -> None:
        """Answers every question about the topic with the error; 0 ends that."""
        fail = self._function("rd_kafka_mock_topic_set_error", None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)
        fail(self._cluster, topic.encode(), error)

    def set_delay(self, milliseconds: int) -> None:
        """Makes every answer take so long."""
        delay = self._function(
            "rd_kafka_mock_broker_set_rtt", ctypes.c_int, ctypes.c_void_p, ctypes.c_int32, ctypes.c_int
        )
        delay(self._cluster, BROKER, milliseconds)

    def close(self) -> None:
        self._function("rd_kafka_mock_cluster_destroy", None, ctypes.c_void_p)(self._cluster)
        self._function("rd_kafka_destroy", None, ctypes.c_void_p)(self._client)

    def _function(self, name: str, result: Any, *arguments: Any) -> Any:
        found = getattr(self._library, name)
        found.restype, found.argtypes = result, arguments
        return found


@contextmanager
def mock_kafka(failing: Mapping[str, int] | None = None, has_dead_broker: bool = False) -> Iterator[MockKafka]:
    """Runs a cluster; the topics in `failing` answer with their error from the beginning."""
    cluster = MockKafka(has_dead_broker=has_dead_broker)
    try:
        for topic, error in (failing or {}).items():
            cluster.fail_topic(topic, error)
        yield cluster
    finally:
        cluster.close()
