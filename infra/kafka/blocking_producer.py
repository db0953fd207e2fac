"""Writes records to Kafka from a program that may wait: the command line."""

import time
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from infra.kafka.connection import Kafka, KafkaConnection
from infra.kafka.reading import BrokerUnavailableError, KafkaRefusalError, StreamError, UnknownTopicError
from infra.kafka.refusals import explain_grant, login_problem

REQUEST_TIMEOUT_S: Final = 5.0
POLL_S: Final = 0.1
MAX_RECORD_BYTES: Final = 8_388_608


class BlockingProducer:
    """Producer with acks=all, idempotent by default. A full queue makes `send` wait, `flush` and `finish` wait for
    acknowledgements.

    What the broker refuses for good, as for want of a grant, ends the wait at once.
    """

    def __init__(self, kafka: Kafka, linger_ms: int = 0, timeout_s: float = 120.0, is_idempotent: bool = True) -> None:
        """`timeout_s`: how long a record may stay without an acknowledgement. Without idempotence a record may come twice, in
        order; the producer begins half a second sooner, since it needs no id of its own from the broker."""
        self._kafka = KafkaConnection.of(kafka)
        self.problem = ""
        """Why the first record failed; empty if none has."""
        self._is_refused = False
        self._topic = ""
        self._failed = 0
        try:
            self._producer = Producer(
                {
                    **self._kafka.librdkafka,
                    "acks": "all",
                    "enable.idempotence": is_idempotent,
                    **({} if is_idempotent else {"max.in.flight.requests.per.connection": 1}),
                    # Where Java's producer and the gateway put a session.
                    "partitioner": "murmur2_random",
                    "linger.ms": linger_ms,
                    "batch.size": 131_072,
                    "message.max.bytes": MAX_RECORD_BYTES,
                    "message.timeout.ms": int(timeout_s * 1000),
                    # Flink's Kafka connector carries none of the native codecs.
                    "compression.type": "none",
                    "log_level": 2,
                }
            )
        except KafkaException as error:
            raise StreamError(f"the settings of Kafka cannot be used: {error.args[0].str()}") from None

    def partitions(self, topic: str) -> list[int]:
        """Returns the topic's partitions. Raises `StreamError`."""
        try:
            found = self._producer.list_topics(topic, timeout=REQUEST_TIMEOUT_S).topics[topic]
        except KafkaException as error:
            if text := login_problem(self._kafka):
                raise KafkaRefusalError(text) from None
            raise BrokerUnavailableError(f"no Kafka at {self._kafka}: {error.args[0].str()}") from None
        if found.error is None:
            return sorted(found.partitions)
        if text := explain_grant(self._kafka, found.error, "DESCRIBE", topic):
            raise KafkaRefusalError(text)
        raise UnknownTopicError(f"there is no topic {topic} at {self._kafka}")

    def send(self, topic: str, value: bytes | None, key: bytes | None, partition: int | None = None) -> None:
        """Queues a record, waiting for room. A failure is counted; the key chooses the partition if none is given."""
        self._topic = topic
        while True:
            try:
                self._producer.produce(
                    topic, value, key, -1 if partition is None else partition, on_delivery=self._on_delivery
                )
                break
            except BufferError:
                self._poll(POLL_S)
            except KafkaException as error:
                self._count(error.args[0], topic)
                break
        self._poll(0)

    def flush(self) -> int:
        """Waits until each record is acknowledged or has failed; returns how many have failed so far."""
        ask_s = time.monotonic() + 2 * REQUEST_TIMEOUT_S
        while len(self._producer):
            self._poll(POLL_S)
            if time.monotonic() > ask_s:
                # Nothing comes from a broker that refuses the login: the client would try until the records' time is up.
                if text := login_problem(self._kafka):
                    raise KafkaRefusalError(text)
                ask_s = time.monotonic() + REQUEST_TIMEOUT_S
        return self._failed

    def finish(self) -> None:
        """As `flush`, but raises `StreamError` if a record has failed."""
        if self.flush():
            raise KafkaRefusalError(self.problem) if self._is_refused else StreamError(self.problem)

    def _poll(self, wait_s: float) -> None:
        """Serves what has come. Not by the client's own `flush`, which goes on serving after a fatal error."""
        try:
            self._producer.poll(wait_s)
        except KafkaException as fatal:
            # An idempotent producer is let in by WRITE on any topic; without it the client gives up for good.
            self._note(fatal.args[0], self._topic)
            self._producer.purge()

    def _on_delivery(self, error: KafkaError | None, message: Any) -> None:
        if error is not None:
            self._count(error, message.topic())

    def _count(self, error: KafkaError, topic: str) -> None:
        self._failed += 1
        self._note(error, topic)

    def _note(self, error: KafkaError, topic: str) -> None:
        if error.code() == KafkaError.CLUSTER_AUTHORIZATION_FAILED:
            error = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
        text = explain_grant(self._kafka, error, "WRITE", topic)
        self._is_refused = self._is_refused or text is not None
        self.problem = self.problem or text or f"Kafka at {self._kafka}, topic {topic}: {error.str()}"
