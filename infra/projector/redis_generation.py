"""Does Redis still hold what was written to it? A FLUSHALL, a restart and a failover all answer no."""

from collections.abc import Iterable
from typing import Any

from infra.redis import keys

Place = tuple[str, int]


def look(redis: Any, places: Iterable[Place]) -> tuple[str, list[Place]]:
    """The run of the server that answers, and those of the partitions whose projection is not in it."""
    pipeline = redis.pipeline(transaction=False)
    pipeline.info("server")
    pipeline.hgetall(keys.EPOCH)
    server, marks = pipeline.execute()
    run_id = str(server["run_id"])
    return run_id, [place for place in places if marks.get(_field(place)) != run_id.encode()]


def mark(redis: Any, places: Iterable[Place], run_id: str) -> None:
    """From now on these partitions count as projected, as far as their offsets are committed."""
    redis.hset(keys.EPOCH, mapping={_field(place): run_id for place in places})


def _field(place: Place) -> bytes:
    topic, partition = place
    return f"{topic}:{partition}".encode()
