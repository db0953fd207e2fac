"""The signals of one window or event that rules evaluate."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from models.rules.event_log import Span
from models.rules.readings import Readings

_NONE_COMPLETED: Final[Mapping[str, Span]] = MappingProxyType({})


class LazyScore:
    """A detector's score of one window, computed at most once, and only if a rule or an output asks for it.

    `threshold` is the score from which the detector itself calls a window anomalous; None where it has no such limit.
    `contributions` says how much each feature added to the score, where the detector can tell.
    """

    def __init__(
        self,
        compute: Callable[[], float | None],
        threshold: float | None = None,
        contributions: Callable[[], Mapping[str, float]] | None = None,
    ) -> None:
        self._compute = compute
        self._is_computed = False
        self._value: float | None = None
        self.threshold = threshold
        self._contributions = contributions

    def value(self) -> float | None:
        """Returns the score; None where it is unknown."""
        if not self._is_computed:
            self._is_computed = True
            self._value = self._compute()
        return self._value

    def contributions(self) -> Mapping[str, float]:
        """Returns the features that added most to the score; computed on each call."""
        return self._contributions() if self._contributions is not None else {}


class Signals:
    """What is known at one window or event. NaN in `values` and a missing name in `scalars` mean unknown.

    `values` follow the feature list of the lane, `readings` tell of the same features what is usual. `is_whole` says whether the
    window covers its length: what adds up over a part of it is no small value. `scalars` holds the numbers beside that list,
    `attributes` the texts, `scores` the detectors' scores by the name of the detector. `quiet` says in a word why the
    reader should not be disturbed: typing, scrolling, reading. `completed` are the sequences of events that are complete now, by
    their key.
    """

    def __init__(
        self,
        values: Sequence[float] = (),
        readings: Readings | None = None,
        scalars: dict[str, float] | None = None,
        attributes: dict[str, str | None] | None = None,
        scores: dict[str, LazyScore] | None = None,
        window_start_ms: int | None = None,
        window_end_ms: int | None = None,
    ) -> None:
        self.values = values
        self.readings = readings
        self.is_whole = True
        self.quiet: str | None = None
        self.scalars: dict[str, float] = {} if scalars is None else scalars
        self.attributes: dict[str, str | None] = {} if attributes is None else attributes
        self.scores: dict[str, LazyScore] = {} if scores is None else scores
        self.completed: Mapping[str, Span] = _NONE_COMPLETED
        self.window_start_ms = window_start_ms
        self.window_end_ms = window_end_ms
