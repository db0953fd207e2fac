"""Registry of the forests in force: one per content type and epoch, and a default that ships with the job."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from models.features import FOREST_FEATURES, SESSION_FEATURES
from models.isolation_forest.messages import RefitMessage
from models.isolation_forest.schedule import RefitSchedule
from models.isolation_forest.scorer import Floats, ForestScorer

_log: Final = logging.getLogger(__name__)

MIN_ACTIVE_SLICES: Final = 5
"""Slices with events, of the six of a window, from which a forest learns of it and scores it. With fewer the reader came, left
or was away: such windows are odd to every forest, and nobody is to be told so."""

_PLACES: Final = tuple(place for place, feature in enumerate(SESSION_FEATURES) if feature.in_forest)

KEPT_EPOCHS: Final = 3
"""The one in use, the one that waits for its lead, and one that a late window may need."""


@dataclass(frozen=True, slots=True)
class ForestVersion:
    """A scorer, the score from which a window is anomalous, and a name."""

    scorer: ForestScorer
    threshold: float
    name: str


@dataclass(slots=True)
class _ContentTypeForests:
    """Forests of one content type by epoch, the first epoch that may have one, and the latest that is decided."""

    begins: int
    latest: int
    forests: dict[int, ForestVersion] = field(default_factory=dict)


class ForestRegistry:
    """Answers which forest scores a window, or that the answer is still pending."""

    def __init__(self, schedule: RefitSchedule, default: ForestVersion) -> None:
        self._schedule = schedule
        self._default = default
        self._by_type: dict[str, _ContentTypeForests] = {}

    def begin(self, content_type: str, epoch: int) -> None:
        """Registers that the next forest of that type will be that of `epoch`, and none comes before it."""
        known = self._by_type.setdefault(content_type, _ContentTypeForests(epoch, epoch - 1))
        known.latest = max(known.latest, epoch - 1)

    def add(self, content_type: str, epoch: int, forest: ForestVersion | None) -> None:
        """Registers the forest of that epoch, or None where there were too few windows to fit one."""
        known = self._by_type.setdefault(content_type, _ContentTypeForests(epoch, epoch - 1))
        known.latest = max(known.latest, epoch)
        if forest is not None:
            known.forests[epoch] = forest
        for old in sorted(known.forests)[:-KEPT_EPOCHS]:
            del known.forests[old]

    def on_refit(self, refit: RefitMessage) -> None:
        """Registers the beginning or the result of a refit."""
        if refit.status == "begins":
            self.begin(refit.content_type, refit.epoch)
            return
        forest = None
        if refit.status == "fitted" and refit.features != FOREST_FEATURES:
            # The features have changed between two runs of the job. Until the next refit the shipped forest decides.
            _log.warning("the forest %s@%d was fitted on other features: ignored", refit.content_type, refit.epoch)
        elif refit.status == "fitted":
            scorer = ForestScorer(refit.model_bytes())
            forest = ForestVersion(scorer, refit.threshold, f"{refit.content_type}@{refit.epoch}")
        self.add(refit.content_type, refit.epoch, forest)

    def is_pending(self, content_type: str, window_end_ms: int) -> bool:
        """Whether a refit that may still score that window is under way."""
        return self.lookup(content_type, window_end_ms) == "pending"

    def lookup(self, content_type: str, window_end_ms: int) -> ForestVersion | Literal["pending"]:
        """Returns the forest for that window; "pending" while a refit that decides it is under way."""
        if not self._schedule.enabled:
            return self._default
        epoch = self._schedule.epoch_at(window_end_ms)
        known = self._by_type.get(content_type)
        if known is None or (known.latest < epoch and epoch >= known.begins):
            return "pending"
        return self._newest(known, epoch)

    def resolve(self, content_type: str, window_end_ms: int) -> ForestVersion:
        """Returns the forest for that window, once no refit can be under way any more."""
        known = self._by_type.get(content_type)
        if known is None or not self._schedule.enabled:
            return self._default
        return self._newest(known, self._schedule.epoch_at(window_end_ms))

    def _newest(self, known: _ContentTypeForests, epoch: int) -> ForestVersion:
        eligible = [each for each in known.forests if each <= epoch]
        return known.forests[max(eligible)] if eligible else self._default


def to_feature_row(values: Sequence[float]) -> Floats:
    """Returns the values of a session window as the forest reads them: one float32 row of its own columns, unknown as 0."""
    # Plain Python: on one short row `nan_to_num` costs more than the score itself.
    return np.array([[value if (value := values[place]) == value else 0.0 for place in _PLACES]], dtype=np.float32)
