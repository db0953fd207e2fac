"""Reads topics: their partitions and ends, from an offset, a count or an instant on, to the end or for ever.

The one consumer of this project outside Flink, on librdkafka (`infra/docs/decisions/0042-one-topic-reader.md`). It assigns its
partitions itself and joins no consumer group.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Literal, Self

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, TopicPartition
from msgspec import Struct

from infra.kafka.connection import Kafka, KafkaConnection
from infra.kafka.refusals import explain_grant, login_problem, missing_grant

REQUEST_TIMEOUT_S: Final = 5.0
"""Longest wait for metadata, offsets or a commit."""

SILENCE_TIMEOUT_S: Final = 10.0
"""Longest silence before the end in `read_to_end`; then the broker hangs or is gone."""

MAX_RECORDS: Final = 5_000
"""Default for one poll."""

Isolation = Literal["read_committed", "read_uncommitted"]
Partition = tuple[str, int]
"""Topic and number."""

Offsets = dict[Partition, int]
"""By partition, the next record to read."""

_UNREACHABLE: Final = (
    KafkaError._TRANSPORT,  # noqa: SLF001
    KafkaError._TIMED_OUT,  # noqa: SLF001
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
    KafkaError._RESOLVE,  # noqa: SLF001
)


class StreamError(Exception):
    """Kafka refuses or cannot be read; the message says what happened and where."""


class BrokerUnavailableError(StreamError):
    """No broker answers."""


class KafkaRefusalError(StreamError):
    """The broker refuses the login, the handshake, or an operation on a topic or group."""


class UnknownTopicError(StreamError):
    """The broker has no such topic."""


class Record(Struct, frozen=True, gc=False):
    """One record. `timestamp_ms` is the broker's or producer's, as the topic is configured."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None


class TopicReader:
    """Reads all partitions of its topics; from the beginning, unless another position is assigned first.

    The constructor does not wait for a broker. Every call may raise `StreamError` and can be repeated afterwards. A topic that
    does not exist raises `UnknownTopicError`; with `missing_ok` it is left out.
    """

    def __init__(
        self,
        kafka: Kafka,
        *topics: str,
        isolation: Isolation = "read_committed",
        missing_ok: bool = False,
        group_id: str = "microadjust-reader",
    ) -> None:
        self._kafka, self._topics, self._missing_ok = KafkaConnection.of(kafka), topics, missing_ok
        self._group_id = group_id
        self._consumer = self._create(
            {
                **self._kafka.librdkafka,
                # Required by the client; used only by `committed` and `commit`.
                "group.id": group_id,
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "isolation.level": isolation,
                # The broker answers at once where it has a record; this bounds how long it keeps an empty answer back.
                "fetch.wait.max.ms": 50,
                "queued.max.messages.kbytes": 8_192,
                "reconnect.backoff.max.ms": 500,
                "log_level": 2,
            }
        )
        self._next: Offsets | None = None
        self._ended: set[Partition] = set()
        self._error: KafkaError | None = None
        self._error_topic = ""

    def _create(self, settings: dict[str, Any]) -> Consumer:
        try:
            return Consumer(settings)
        except KafkaException as error:
            raise StreamError(f"the settings of Kafka cannot be used: {error.args[0].str()}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._consumer.close()

    @property
    def positions(self) -> Offsets:
        """By partition, the next record that `poll` will return; control records count. Empty before the first."""
        return dict(self._next or {})

    @property
    def has_reached_ends(self) -> bool:
        """Whether each partition's end has been reached since it was assigned."""
        return self._next is not None and self._ended >= self._next.keys()

    def find_partitions(self) -> list[Partition]:
        """The partitions of all topics, in order."""
        with self._readable_errors():
            known = self._consumer.list_topics(timeout=REQUEST_TIMEOUT_S).topics
        found: list[Partition] = []
        for topic in self._topics:
            if topic in known and known[topic].error is None:
                found += [(topic, number) for number in sorted(known[topic].partitions)]
            elif self._is_hidden(topic):
                raise KafkaRefusalError(missing_grant(self._kafka, "DESCRIBE", "topic", topic))
            elif not self._missing_ok:
                raise UnknownTopicError(f"there is no topic {topic} at {self._kafka}")
        return found

    def _is_hidden(self, topic: str) -> bool:
        """Whether the topic is left out for want of a grant: asked for all topics, a broker names those that may be seen."""
        if self._kafka.security.is_open:
            return False
        with self._readable_errors():
            error = self._consumer.list_topics(topic, timeout=REQUEST_TIMEOUT_S).topics[topic].error
        return error is not None and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED

    def bounds(self, partitions: Iterable[Partition] | None = None) -> dict[Partition, tuple[int, int]]:
        """First offset and end of each partition. With `read_committed` the end is the first open transaction."""
        wanted = self.find_partitions() if partitions is None else partitions
        with self._readable_errors():
            return {
                each: self._consumer.get_watermark_offsets(TopicPartition(*each), timeout=REQUEST_TIMEOUT_S)
                for each in wanted
            }

    def offsets_at(self, at_ms: int, partitions: Iterable[Partition] | None = None) -> Offsets:
        """The first record of each partition that is not older than the instant; the end where there is none."""
        wanted = self.find_partitions() if partitions is None else list(partitions)
        asked = [TopicPartition(*each, max(at_ms, 0)) for each in wanted]  # Negative ones mean something else.
        # The ends first: a record that comes between the two questions is read, not skipped.
        ends = {each: end for each, (_, end) in self.bounds(wanted).items()}
        with self._readable_errors():
            found = self._consumer.offsets_for_times(asked, timeout=REQUEST_TIMEOUT_S) if asked else []
        return ends | {(each.topic, each.partition): each.offset for each in found if each.offset >= 0}

    def assign(self, offsets: Mapping[Partition, int]) -> None:
        """Reads these partitions from now on, and no others."""
        with self._readable_errors():
            self._consumer.assign([TopicPartition(*each, offset) for each, offset in offsets.items()])
        self._next = dict(offsets)
        self._ended.clear()
        self._error = None

    def assign_beginning(self) -> None:
        self.assign({each: start for each, (start, _) in self.bounds().items()})

    def seek_back(self, records: int) -> None:
        """Goes to so many records before the end of each partition."""
        self.assign({each: max(start, end - records) for each, (start, end) in self.bounds().items()})

    def seek_to_time(self, at_ms: int) -> None:
        """Goes to the first record of each partition that is not older than the instant."""
        self.assign(self.offsets_at(at_ms))

    def backlog(self) -> dict[Partition, int]:
        """How many records each assigned partition is behind its last known end; may be called from another thread."""
        found = {}
        for each, offset in self.positions.items():
            _, end = self._consumer.get_watermark_offsets(TopicPartition(*each), cached=True)
            found[each] = max(0, end - offset)
        return found

    def skip_backlog(self, over: int) -> dict[Partition, int]:
        """Moves partitions that are more than `over` records behind to the last known end; how many records that skips."""
        skipped = {}
        for each, offset in self.positions.items():
            place = TopicPartition(*each)
            _, end = self._consumer.get_watermark_offsets(place, cached=True)
            if end - offset > over:
                skipped[each] = end - offset
                # Not OFFSET_END: what has come since that end was seen would be left out without being counted.
                place.offset = end
                with self._readable_errors():
                    self._consumer.seek(place)
                assert self._next is not None
                self._next[each] = end
        return skipped

    def poll(self, wait_s: float, max_records: int = MAX_RECORDS, linger_s: float = 0.0) -> list[Record]:
        """Returns the records that have arrived, in no order across partitions.

        Waits at most `wait_s` for the first and then `linger_s` for more. Empty after `wait_s`, or earlier where the
        end of a partition is reached.
        """
        if not self._next:
            self.assign_beginning()
        if self._error is not None:
            error, self._error = self._error, None
            raise self._readable(error, self._error_topic)
        first = self._consumer.poll(wait_s)
        if first is None:
            return []
        return self._accept([first, *self._consumer.consume(max_records - 1, linger_s)])

    def read_to_end(self, quiet_s: float = 1.0) -> Iterator[Record]:
        """Yields all records up to the end.

        Ends when all that stood there at first has been read and nothing more has come for `quiet_s`.
        """
        if not self._next:
            self.assign_beginning()
        ends = {each: end for each, (_, end) in self.bounds(self.positions).items()}
        last_record_s = time.monotonic()
        while True:
            is_read = all(self.positions[each] >= end for each, end in ends.items())
            silent_s = time.monotonic() - last_record_s
            if is_read and silent_s >= quiet_s:
                return
            if not is_read and silent_s > SILENCE_TIMEOUT_S:
                raise BrokerUnavailableError(
                    f"Kafka at {self._kafka} stopped answering before the end of {', '.join(self._topics)}"
                )
            batch = self.poll(min(0.2, quiet_s - silent_s) if is_read else 0.2)
            if batch:
                yield from batch
                last_record_s = time.monotonic()

    def committed(self, partitions: Iterable[Partition]) -> dict[Partition, int | None]:
        """The group's committed offsets; None where there is none."""
        asked = [TopicPartition(*each) for each in partitions]
        try:
            with self._readable_errors():
                found = self._consumer.committed(asked, timeout=REQUEST_TIMEOUT_S)
        except BrokerUnavailableError:
            self._raise_if_group_is_refused()
            raise
        return {(each.topic, each.partition): None if each.offset == OFFSET_INVALID else each.offset for each in found}

    def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Commits for the group; returns when the broker has them."""
        places = [TopicPartition(*each, offset) for each, offset in offsets.items()]
        with self._readable_errors():
            self._consumer.commit(offsets=places, asynchronous=False)

    def _raise_if_group_is_refused(self) -> None:
        """Looks for a refusal among the client's events: a request for a group that it may not use just times out."""
        while self._next is None and (event := self._consumer.poll(0)) is not None:
            error = event.error()
            if error is not None and error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                raise self._readable(error)

    def _accept(self, messages: list[Any]) -> list[Record]:
        """Notes positions. An error among records is raised by the next poll, so that no record is lost."""
        assert self._next is not None
        records = []
        for each in messages:
            error, place = each.error(), (each.topic(), each.partition())
            if error is None:
                records.append(Record(*place, each.offset(), each.timestamp()[1], each.key(), each.value()))
                self._next[place] = each.offset() + 1
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                self._ended.add(place)
                # Beyond control records, which are never returned.
                self._next[place] = each.offset()
            # The client asks for its group on its own; `committed` and `commit`, which alone need it, say so themselves.
            elif error.code() != KafkaError.GROUP_AUTHORIZATION_FAILED:
                self._error, self._error_topic = error, each.topic() or ""
        if self._error is not None and not records:
            error, self._error = self._error, None
            raise self._readable(error, self._error_topic)
        return records

    @contextmanager
    def _readable_errors(self) -> Iterator[None]:
        try:
            yield
        except KafkaException as error:
            raise self._readable(error.args[0]) from error

    def _readable(self, error: KafkaError, topic: str = "") -> StreamError:
        is_group = error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED
        name = self._group_id if is_group else topic or ", ".join(self._topics)
        if text := explain_grant(self._kafka, error, "READ", name):
            return KafkaRefusalError(text)
        if error.code() in _UNREACHABLE:
            # The request itself only times out; a connection of its own is told why.
            if not self._kafka.security.is_open and (text := login_problem(self._kafka)):
                return KafkaRefusalError(text)
            return BrokerUnavailableError(f"no Kafka at {self._kafka}: {error.str()}")
        return StreamError(f"Kafka at {self._kafka}: {error.str()}")


def end_offsets(kafka: Kafka, topic: str) -> Offsets:
    """Where the topic ends now, open transactions included."""
    with TopicReader(kafka, topic, isolation="read_uncommitted") as reader:
        return {each: end for each, (_, end) in reader.bounds().items()}
