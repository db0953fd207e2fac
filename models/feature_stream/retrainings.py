"""Decides when a model is trained again: on drift, on a schedule, and never too often."""

from collections.abc import Iterator, Sequence
from typing import Final

MIN_GAP_MS: Final = 3_600_000
"""Least event time between two retrainings of a model: what has drifted drifts on while it is trained."""

MAX_GAP_MS: Final = 24 * MIN_GAP_MS
"""Longest such time: it doubles with each training that brings nothing, since an hour later the data are much the same."""


SCHEDULE: Final = "schedule"
"""What asked for a retraining, where no drift did."""


class Retrainings:
    """Each model has a gap of its own, which doubles with each training that brings nothing. What is asked for within the gap and
    would not be asked for again waits for its end."""

    def __init__(self, models: Sequence[str], gap_ms: int = MIN_GAP_MS, every_ms: int | None = None) -> None:
        """`every_ms`: the longest event time without a retraining; None for drift alone."""
        self._models, self._gap_ms, self._every_ms = tuple(models), gap_ms, every_ms
        self._first_ms: int | None = None
        """The first minute that `due` was asked about: schedules begin with it."""
        self._started_ms: dict[str, int] = {}
        self._failed: dict[str, int] = {}
        """By model, how many trainings in a row have brought nothing."""
        self._pending: dict[str, tuple[str, ...]] = {}
        """By model, what asked for a retraining that waits."""

    def ask(self, model: str, subjects: Sequence[str], at_ms: int, keep: bool = False) -> bool:
        """Whether the model is to be trained again now. With `keep` a retraining that may not start yet waits, until `due` has
        it; without, whoever asks asks again while there is reason to."""
        if model not in self._models:
            return False
        if at_ms < self._free_ms(model):
            if keep:
                self._pending[model] = tuple(dict.fromkeys((*self._pending.get(model, ()), *subjects)))
            return False
        self._start(model, at_ms)
        return True

    def due(self, at_ms: int) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yields the models whose retraining has waited long enough, with what asked for it, and those whose schedule says so.

        A schedule counts from the last start for whatever reason, so that it does not follow a drift within its time.
        """
        self._first_ms = at_ms if self._first_ms is None else self._first_ms
        for model in [each for each in self._pending if at_ms >= self._free_ms(each)]:
            subjects = self._pending[model]
            self._start(model, at_ms)
            yield model, subjects
        for model in self._models if self._every_ms is not None else ():
            last_ms = self._started_ms.get(model, self._first_ms)
            if at_ms - last_ms >= (self._every_ms or 0) and at_ms >= self._free_ms(model):
                self._start(model, at_ms)
                yield model, (SCHEDULE,)

    def ended(self, model: str, has_succeeded: bool) -> None:
        """Takes in whether a training brought a version in force."""
        self._failed[model] = 0 if has_succeeded else self._failed.get(model, 0) + 1

    def _free_ms(self, model: str) -> int:
        """From when on the model may be trained again."""
        started_ms = self._started_ms.get(model)
        # Shifts of a bounded number: nobody counts failures for years.
        gap_ms = min(self._gap_ms << min(self._failed.get(model, 0), 10), max(self._gap_ms, MAX_GAP_MS))
        return 0 if started_ms is None else started_ms + gap_ms

    def _start(self, model: str, at_ms: int) -> None:
        self._started_ms[model] = at_ms
        self._pending.pop(model, None)
