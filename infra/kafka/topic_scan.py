"""Reading topics back for people: the newest records, those of a key, what is new since last time."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

ANSWER_S: Final = 5.0
CHUNK: Final = 2_000


def consumer(bootstrap: str) -> Consumer:
    """A consumer that is given its partitions and commits nothing: it leaves no trace on the broker."""
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "microadjust-console",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_uncommitted",
            # What is fetched ahead of a reader who cannot keep up.
            "queued.max.messages.kbytes": 4096,
            "fetch.wait.max.ms": 50,
        }
    )


def partitions(reader: Consumer, topics: Sequence[str]) -> list[TopicPartition]:
    """Those of the topics that exist. Raises `KafkaException` where no broker answers."""
    known = reader.list_topics(timeout=ANSWER_S).topics
    return [
        TopicPartition(name, number)
        for name in topics
        if name in known and known[name].error is None
        for number in sorted(known[name].partitions)
    ]


def near_the_end(reader: Consumer, places: Sequence[TopicPartition], last: int) -> list[TopicPartition]:
    """The same partitions, each `last` records before its end."""
    found = []
    for place in places:
        low, high = reader.get_watermark_offsets(place, timeout=ANSWER_S)
        found.append(TopicPartition(place.topic, place.partition, max(low, high - last)))
    return found


def failure(message: Message) -> KafkaError | None:
    """What went wrong; the end of a partition is no failure."""
    error = message.error()
    return error if error is not None and error.code() != KafkaError._PARTITION_EOF else None  # noqa: SLF001


def is_end(message: Message) -> bool:
    error = message.error()
    return error is not None and error.code() == KafkaError._PARTITION_EOF  # noqa: SLF001


def newest(
    bootstrap: str, topics: Sequence[str], last: int, wanted: Callable[[Message], bool], patience_s: float = 10.0
) -> Iterator[Message]:
    """Of the last so many records of each partition, those that are wanted, in no order across partitions.

    Ends after `patience_s` with what was found until then. Raises `KafkaException`.
    """
    reader = consumer(bootstrap)
    try:
        start = near_the_end(reader, partitions(reader, topics), last)
        reader.assign(start)
        going = {(place.topic, place.partition) for place in start}
        deadline = time.monotonic() + patience_s
        while going and time.monotonic() < deadline:
            for message in reader.consume(CHUNK, timeout=0.5):
                if is_end(message):
                    going.discard((message.topic() or "", message.partition() or 0))
                elif (error := failure(message)) is not None:
                    raise KafkaException(error)
                elif wanted(message):
                    yield message
    finally:
        reader.close()


def at_ms(message: Message) -> int:
    """When the broker got it."""
    return int(message.timestamp()[1])


def has_key(key: str) -> Callable[[Any], bool]:
    wanted = key.encode("utf-8", "replace")
    return lambda message: message.key() == wanted
