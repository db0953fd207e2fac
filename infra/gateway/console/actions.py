"""Reports the actions with their impact and complexity, how often each was commanded lately and what became of it."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from infra.gateway.console import record_views
from infra.gateway.settings import Settings
from infra.kafka.topic_scan import scan_latest
from models.proportion import wilson_interval
from schemas.actions import ACTIONS
from schemas.topics import ADJUSTMENTS, OUTCOMES

RECORDS_BACK: Final = 10_000
"""Records of each partition that count as lately."""

MIN_OUTCOMES: Final = 30
"""Below so many commands with an outcome no share is told: its interval would be wider than a third."""

CACHE_S: Final = 30.0


class ActionCounts:
    """Counts commands and outcomes by action; a count is kept for half a minute. Calls block and run one at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._counted: dict[str, Any] = {}
        self._until_s = float("-inf")

    def matrix(self) -> dict[str, Any]:
        """The actions in the registry's order. Raises `StreamError`."""
        with self._lock:
            if time.monotonic() >= self._until_s:
                self._counted = self._count()
                self._until_s = time.monotonic() + CACHE_S
            return self._counted

    def _count(self) -> dict[str, Any]:
        return matrix_of(self._newest(ADJUSTMENTS.name), self._newest(OUTCOMES.name))

    def _newest(self, topic: str) -> Iterator[dict[str, Any]]:
        topics = self._settings.console_topics(topic)
        for record in scan_latest(self._settings.kafka, topics, RECORDS_BACK, lambda _: True):
            if (fields := record_views.decoded(record.value)) is not None:
                yield fields


def matrix_of(commands: Iterable[Mapping[str, Any]], outcomes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The actions with the counts of these records."""
    actions, times = _actions(commands)
    commanded = Counter(actions.values())
    told, applied = _outcomes(actions, outcomes)
    return {
        "since_ms": min(times, default=None),
        "until_ms": max(times, default=None),
        "min_outcomes": MIN_OUTCOMES,
        "actions": [
            {
                "name": name,
                "text": action.text,
                "exclusive_group": action.exclusive_group,
                "impact": action.impact,
                "complexity": action.complexity,
                "revertible": action.revertible,
                "parameters": [each.name for each in action.parameters],
                "commanded": commanded[name],
                "outcomes": told[name],
                "applied": _share(applied[name], told[name]),
            }
            for name, action in ACTIONS.items()
        ],
    }


def _actions(commands: Iterable[Mapping[str, Any]]) -> tuple[dict[str, str], list[int]]:
    """The action of each command by its id, and when they were issued."""
    found: dict[str, str] = {}
    times = []
    for fields in commands:
        command_id, action, issued = (fields.get(key) for key in ("command_id", "action", "issued_at_ms"))
        if isinstance(command_id, str) and isinstance(action, str) and isinstance(issued, int):
            found[command_id] = action
            times.append(issued)
    return found, times


def _outcomes(actions: Mapping[str, str], outcomes: Iterable[Mapping[str, Any]]) -> tuple[Counter[str], Counter[str]]:
    """By action: of how many commands a page told what it did, and how many of these it carried out."""
    told: dict[str, bool] = {}
    for fields in outcomes:
        command_id, status = fields.get("command_id"), fields.get("status")
        if isinstance(command_id, str) and command_id in actions and isinstance(status, str):
            # A command that was taken back had been carried out.
            told[command_id] = told.get(command_id, False) or status in ("applied", "reverted")
    return (
        Counter(actions[each] for each in told),
        Counter(actions[each] for each, was_applied in told.items() if was_applied),
    )


def _share(hits: int, trials: int) -> dict[str, float] | None:
    """None where there are not enough outcomes: unknown is no number."""
    interval = wilson_interval(hits, trials) if trials >= MIN_OUTCOMES else None
    return None if interval is None else {"share": hits / trials, "low": interval[0], "high": interval[1]}
