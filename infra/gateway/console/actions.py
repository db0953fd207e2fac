"""Reports the actions with their impact and complexity, how often each was commanded lately and what became of it."""

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from infra.gateway.settings import Settings
from infra.rules.action_outcomes import count_outcomes, newest_records
from models.proportion import wilson_interval
from models.rest_factor import MIN_OUTCOMES, rest_factor
from schemas.actions import ACTIONS
from schemas.topics import ADJUSTMENTS, OUTCOMES

RECORDS_BACK: Final = 10_000
"""Records of each partition that count as lately."""

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
        kafka, topics = self._settings.kafka, self._settings.console_topics
        return matrix_of(
            newest_records(kafka, topics(ADJUSTMENTS.name), RECORDS_BACK),
            newest_records(kafka, topics(OUTCOMES.name), RECORDS_BACK),
        )


def matrix_of(commands: Iterable[Mapping[str, Any]], outcomes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The actions with the counts of these records."""
    commanded, told, applied, times = count_outcomes(commands, outcomes)
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
                "cooldown_s": action.frequency.cooldown_s,
                "max_per_session": action.frequency.max_per_session,
                "rest_factor": rest_factor(applied[name], told[name]),
            }
            for name, action in ACTIONS.items()
        ],
    }


def _share(hits: int, trials: int) -> dict[str, float] | None:
    """None where there are not enough outcomes: unknown is no number."""
    interval = wilson_interval(hits, trials) if trials >= MIN_OUTCOMES else None
    return None if interval is None else {"share": hits / trials, "low": interval[0], "high": interval[1]}
