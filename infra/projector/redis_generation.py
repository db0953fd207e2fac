"""Detects whether Redis still holds the projection: a FLUSHALL, a restart and a failover all lose it."""

from collections.abc import Iterable
from typing import Any

from infra.kafka.reading import Partition
from infra.redis import keys


def find_missing(redis: Any, partitions: Iterable[Partition]) -> tuple[str, list[Partition]]:
    """Returns the run id of the server that answers, and the partitions whose projection it does not hold."""
    pipeline = redis.pipeline(transaction=False)
    pipeline.info("server")
    pipeline.hgetall(keys.EPOCH)
    server, marks = pipeline.execute()
    run_id = str(server["run_id"])
    return run_id, [each for each in partitions if marks.get(_field(each)) != run_id.encode()]


def mark_projected(redis: Any, partitions: Iterable[Partition], run_id: str) -> None:
    """Records that this run of the server holds these partitions, as far as their offsets are committed."""
    redis.hset(keys.EPOCH, mapping={_field(each): run_id for each in partitions})


def _field(partition: Partition) -> bytes:
    topic, number = partition
    return f"{topic}:{number}".encode()
