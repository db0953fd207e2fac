"""The forests in force: one per content type and epoch, and one for a cold start."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from models.isolation_forest.schedule import RefitSchedule
from models.isolation_forest.scorer import Floats, ForestScorer

KEPT_EPOCHS: Final = 3
"""The one in use, the one that waits for its lead, and one that a straggling window may ask for."""


@dataclass(frozen=True, slots=True)
class Forest:
    """A scorer, the score from which a window is anomalous, and a name for the evidence."""

    scorer: ForestScorer
    threshold: float
    name: str


@dataclass(slots=True)
class _Line:
    """One content type: the first epoch it has a say in, the latest that has been announced, the forests by epoch."""

    begins: int
    latest: int
    forests: dict[int, Forest] = field(default_factory=dict)


class Forests:
    """Answers which forest judges a window, or that the answer is still under way."""

    def __init__(self, schedule: RefitSchedule, cold: Forest) -> None:
        self._schedule = schedule
        self._cold = cold
        self._lines: dict[str, _Line] = {}

    def begin(self, content_type: str, epoch: int) -> None:
        """The next forest of that type will be that of `epoch`; before it there comes none."""
        line = self._lines.setdefault(content_type, _Line(epoch, epoch - 1))
        line.latest = max(line.latest, epoch - 1)

    def announce(self, content_type: str, epoch: int, forest: Forest | None) -> None:
        """The forest of that epoch, or None where there were too few windows to fit one."""
        line = self._lines.setdefault(content_type, _Line(epoch, epoch - 1))
        line.latest = max(line.latest, epoch)
        if forest is not None:
            line.forests[epoch] = forest
        for old in sorted(line.forests)[:-KEPT_EPOCHS]:
            del line.forests[old]

    def find(self, content_type: str, window_end_ms: int) -> Forest | Literal["pending"]:
        """The forest for that window; "pending" while it is not certain which one that is."""
        if not self._schedule.enabled:
            return self._cold
        epoch = self._schedule.epoch_at(window_end_ms)
        line = self._lines.get(content_type)
        if line is None or (line.latest < epoch and epoch >= line.begins):
            return "pending"
        return self._newest(line, epoch)

    def settle(self, content_type: str, window_end_ms: int) -> Forest:
        """The forest for that window, now that nothing can be under way any more."""
        line = self._lines.get(content_type)
        if line is None or not self._schedule.enabled:
            return self._cold
        return self._newest(line, self._schedule.epoch_at(window_end_ms))

    def _newest(self, line: _Line, epoch: int) -> Forest:
        fitting = [each for each in line.forests if each <= epoch]
        return line.forests[max(fitting)] if fitting else self._cold


def forest_input(values: Sequence[float]) -> Floats:
    """Feature values as the forest reads them: one float32 row, unknown as 0."""
    # Plain Python: on one short row `nan_to_num` costs more than the score itself.
    return np.array([[value if value == value else 0.0 for value in values]], dtype=np.float32)
