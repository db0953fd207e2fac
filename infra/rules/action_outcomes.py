"""Counts by action how often it was commanded, and what pages did with the commands."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, get_args

from infra.kafka.connection import Kafka
from infra.kafka.json_records import json_object
from infra.kafka.topic_scan import scan_latest
from schemas.outcomes import OutcomeStatus

STATUSES: Final = get_args(OutcomeStatus)


class ActionOutcomes(NamedTuple):
    """Counts by action. `told` are the commands with an outcome; of these, `applied` were carried out."""

    commanded: Counter[str]
    told: Counter[str]
    applied: Counter[str]
    times_ms: list[int]
    """When the commands were issued."""


def count_outcomes(commands: Iterable[Mapping[str, Any]], outcomes: Iterable[Mapping[str, Any]]) -> ActionOutcomes:
    """Counts records of adjustments.v1 and outcomes.v1; each command counts once, and what is no such record does not."""
    actions: dict[str, str] = {}
    times_ms = []
    for fields in commands:
        command_id, action, issued = (fields.get(key) for key in ("command_id", "action", "issued_at_ms"))
        if isinstance(command_id, str) and isinstance(action, str) and isinstance(issued, int):
            actions[command_id] = action
            times_ms.append(issued)
    done: dict[str, bool] = {}
    for fields in outcomes:
        command_id, status = fields.get("command_id"), fields.get("status")
        if isinstance(command_id, str) and command_id in actions and status in STATUSES:
            # A command that was taken back had been carried out.
            done[command_id] = done.get(command_id, False) or status in ("applied", "reverted")
    return ActionOutcomes(
        Counter(actions.values()),
        Counter(actions[each] for each in done),
        Counter(actions[each] for each, was_applied in done.items() if was_applied),
        times_ms,
    )


def newest_records(kafka: Kafka, topics: Sequence[str], last: int) -> Iterator[dict[str, Any]]:
    """The JSON objects among the last so many records of each partition. Raises `StreamError`."""
    for record in scan_latest(kafka, topics, last, lambda _: True):
        if (fields := json_object(record)) is not None:
            yield fields
