"""Registry of the forests in force: one per content type and epoch, and a default that ships with the job or is announced."""

import logging
from collections.abc import Callable, Sequence
from typing import Final, Literal

import numpy as np

from models.announced.timeline import Timeline
from models.epochs import NO_WATERMARK, outdated
from models.features import FOREST_FEATURES, SESSION_FEATURES
from models.isolation_forest.messages import RefitMessage
from models.isolation_forest.schedule import RefitSchedule
from models.isolation_forest.scorer import Floats, ForestScorer

_log: Final = logging.getLogger(__name__)

MIN_ACTIVE_SLICES: Final = 5
"""Slices with events, of the six of a window, from which a forest learns of it and scores it. With fewer the reader came, left
or was away: such windows are odd to every forest, and nobody is to be told so."""

_PLACES: Final = tuple(place for place, feature in enumerate(SESSION_FEATURES) if feature.in_forest)

MAX_AGE_EPOCHS: Final = 48
"""Refits for which a forest stays in use without another of its type: a day of half hours."""


class ForestVersion:
    """A scorer, the score from which a window is anomalous, and a name.

    `load` makes the scorer when it is first asked for, which takes ten milliseconds.
    """

    __slots__ = ("_load", "_scorer", "name", "threshold")

    def __init__(self, load: Callable[[], ForestScorer], threshold: float, name: str) -> None:
        self._load = load
        self._scorer: ForestScorer | None = None
        self.threshold = threshold
        self.name = name

    @property
    def is_loaded(self) -> bool:
        return self._scorer is not None

    @property
    def scorer(self) -> ForestScorer:
        if self._scorer is None:
            self._scorer = self._load()
        return self._scorer


class _ContentTypeForests:
    """Forests of one content type by epoch, the first epoch that may have one, and the latest that is decided."""

    __slots__ = ("begins", "forests", "latest")

    def __init__(self, epoch: int) -> None:
        self.begins = epoch
        self.latest = epoch - 1
        self.forests: dict[int, ForestVersion] = {}


class ForestRegistry:
    """Answers which forest scores a window, or that the answer is still pending.

    Forests are kept until the watermark has passed the windows that need them, and for `MAX_AGE_EPOCHS` at most. A forest is
    loaded when it first scores, or before by `load_next`: all types have their boundaries at one time.
    """

    def __init__(self, schedule: RefitSchedule, default: ForestVersion) -> None:
        self._schedule = schedule
        self._default = default
        self.announced: Timeline[ForestVersion] = Timeline()
        """Forests from models.v1, which take the place of the default."""
        self._by_type: dict[str, _ContentTypeForests] = {}
        self._full_epoch: int | None = None
        self.has_unloaded = False
        """Whether some forest has not been loaded yet."""

    def __len__(self) -> int:
        """Number of content types that it knows."""
        return len(self._by_type)

    def oldest_epoch(self, watermark: int) -> int:
        """Returns the oldest epoch that windows after that watermark may need."""
        return self._schedule.oldest_epoch(watermark)

    def begin(self, content_type: str, epoch: int) -> None:
        """Registers that the next forest of that type will be that of `epoch`, and none comes before it."""
        known = self._known(content_type, epoch)
        known.latest = max(known.latest, epoch - 1)

    def add(self, content_type: str, epoch: int, forest: ForestVersion | None, watermark: int = NO_WATERMARK) -> None:
        """Registers the forest of that epoch, or None where there were too few windows to fit one."""
        known = self._known(content_type, epoch)
        known.latest = max(known.latest, epoch)
        if forest is not None:
            known.forests[epoch] = forest
            self.has_unloaded = True
        for old in outdated(known.forests, self._schedule.oldest_epoch(watermark)):
            del known.forests[old]
        self._forget_vanished(watermark)

    def _known(self, content_type: str, epoch: int) -> _ContentTypeForests:
        if content_type not in self._by_type:
            self._by_type[content_type] = _ContentTypeForests(epoch)
        return self._by_type[content_type]

    def _forget_vanished(self, watermark: int) -> None:
        """Forgets the types whose newest forest is too old to be used."""
        oldest = self._schedule.oldest_epoch(watermark) - MAX_AGE_EPOCHS
        for content_type in [name for name, known in self._by_type.items() if known.latest <= oldest]:
            del self._by_type[content_type]

    def on_refit(self, refit: RefitMessage, watermark: int = NO_WATERMARK) -> None:
        """Registers the beginning or the result of a refit."""
        if refit.status == "full":
            self._full_epoch = refit.epoch
            return
        if refit.status == "begins":
            self.begin(refit.content_type, refit.epoch)
            return
        forest = None
        if refit.status == "fitted" and refit.features != FOREST_FEATURES:
            # The features have changed between two runs of the job. Until the next refit the shipped forest decides.
            _log.warning("the forest %s@%d was fitted on other features: ignored", refit.content_type, refit.epoch)
        elif refit.status == "fitted":
            forest = ForestVersion(
                lambda: ForestScorer(refit.model_bytes()), refit.threshold, f"{refit.content_type}@{refit.epoch}"
            )
        self.add(refit.content_type, refit.epoch, forest, watermark)

    def load_next(self) -> None:
        """Loads one forest that has not scored yet, if there is any."""
        for known in self._by_type.values():
            for forest in known.forests.values():
                if not forest.is_loaded:
                    _ = forest.scorer
                    return
        self.has_unloaded = False

    def is_pending(self, content_type: str, window_end_ms: int) -> bool:
        """Whether a refit that may still score that window is under way."""
        return self.lookup(content_type, window_end_ms) == "pending"

    def lookup(self, content_type: str, window_end_ms: int) -> ForestVersion | Literal["pending"]:
        """Returns the forest for that window; "pending" while a refit that decides it is under way."""
        if not self._schedule.enabled:
            return self._default_at(window_end_ms)
        epoch = self._schedule.epoch_at(window_end_ms)
        known = self._by_type.get(content_type)
        if known is None:
            has_none = self._full_epoch is not None and epoch <= self._full_epoch
            return self._default_at(window_end_ms) if has_none else "pending"
        if known.latest < epoch and epoch >= known.begins:
            return "pending"
        return self._newest(known, epoch, window_end_ms)

    def resolve(self, content_type: str, window_end_ms: int) -> ForestVersion:
        """Returns the forest for that window, once no refit can be under way any more."""
        known = self._by_type.get(content_type)
        if known is None or not self._schedule.enabled:
            return self._default_at(window_end_ms)
        return self._newest(known, self._schedule.epoch_at(window_end_ms), window_end_ms)

    def _newest(self, known: _ContentTypeForests, epoch: int, window_end_ms: int) -> ForestVersion:
        eligible = [each for each in known.forests if epoch - MAX_AGE_EPOCHS < each <= epoch]
        return known.forests[max(eligible)] if eligible else self._default_at(window_end_ms)

    def _default_at(self, window_end_ms: int) -> ForestVersion:
        return self.announced.at(window_end_ms) or self._default


def to_feature_row(values: Sequence[float]) -> Floats:
    """Returns the values of a session window as the forest reads them: one float32 row of its own columns, unknown as 0."""
    # Plain Python: on one short row `nan_to_num` costs more than the score itself.
    return np.array([[value if (value := values[place]) == value else 0.0 for place in _PLACES]], dtype=np.float32)
