"""Lists what an erasure leaves: what holds it, what it is, and until when."""

import time
from typing import Final

from msgspec import Struct

from infra.gateway.push.replay_buffer import REPLAY_MS
from models.session_clock import SESSION_END_MS
from schemas.topics import ADJUSTMENTS, EVENTS, LATE, OUTCOMES, REJECTED, SESSION_STATE, Topic

_TOPICS: Final = {
    EVENTS: "events name the person and the sessions",
    LATE: "late events name the sessions",
    ADJUSTMENTS: "commands name the person and the sessions",
    OUTCOMES: "outcomes name the sessions",
    SESSION_STATE: "until 30 minutes after a session's last event the adjust job may write its state again; "
    "a gateway deletes that after 31 minutes",
    REJECTED: "refused records keep their original bytes",
}


class Remaining(Struct):
    """What a topic keeps until its retention ends: Kafka can delete old records, but not single ones."""

    topic: str
    what: str
    until_ms: int


class RemainingElsewhere(Struct):
    """What stands in another place than a topic. `until_ms` is None where this system does not know."""

    place: str
    what: str
    until_ms: int | None


def on_topics() -> list[Remaining]:
    now_ms = time.time_ns() // 1_000_000
    return [Remaining(topic.name, what, now_ms + _retention_ms(topic)) for topic, what in _TOPICS.items()]


def elsewhere() -> list[RemainingElsewhere]:
    now_ms = time.time_ns() // 1_000_000
    return [
        RemainingElsewhere(
            "Flink's state",
            "the sessions' state, until the adjust job ends them after 30 minutes without an event",
            now_ms + SESSION_END_MS,
        ),
        RemainingElsewhere(
            "Flink's checkpoints and savepoints",
            "states written before; checkpoints go with the next ones, savepoints when their owner deletes them",
            None,
        ),
        RemainingElsewhere(
            "memory of other gateways",
            "debug page and push history; a gateway follows the log of erasures in Redis each second, one without Redis "
            "keeps commands for ten minutes and debug events until 500 others have come",
            now_ms + REPLAY_MS,
        ),
        RemainingElsewhere("backups and replicas", "copies that this system does not make", None),
    ]


def _retention_ms(topic: Topic) -> int:
    if topic.retention_ms is None:
        return SESSION_END_MS + (topic.compacted_retention_ms or 0)
    return topic.retention_ms
