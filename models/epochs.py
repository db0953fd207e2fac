"""Values that are made once an epoch and come into force by event time: which one holds for a window, or not known yet."""

from collections.abc import Iterable
from typing import Final, Generic, Literal, TypeVar

from models.isolation_forest.schedule import RefitSchedule

T = TypeVar("T")

NO_WATERMARK: Final = -(2**63)


def outdated(epochs: Iterable[int], oldest: int) -> list[int]:
    """Returns those of `epochs` that no window needs any more which is judged by epoch `oldest` or a later one.

    >>> outdated([1, 2, 5, 6], oldest=4)
    [1]
    """
    ordered = sorted(epochs)
    in_force = max((each for each in ordered if each <= oldest), default=None)
    return [] if in_force is None else ordered[: ordered.index(in_force)]


class EpochValues(Generic[T]):
    """The values of one line of epochs, a default before the first, and which epochs are decided.

    Values are kept until the watermark has passed the windows that need them: however far those who make values are ahead of
    those who judge by them, as in a fast replay.
    """

    __slots__ = ("_begins", "_default", "_latest", "_schedule", "_values")

    def __init__(self, schedule: RefitSchedule, default: T) -> None:
        self._schedule = schedule
        self._default = default
        self._values: dict[int, T] = {}
        self._begins: int | None = None
        self._latest = 0

    def begin(self, epoch: int) -> None:
        """Registers that the next value will be that of `epoch`, and none comes before it."""
        self._know(epoch)
        self._latest = max(self._latest, epoch - 1)

    def add(self, epoch: int, value: T | None, watermark: int = NO_WATERMARK) -> None:
        """Registers the value of that epoch; None where there is none, so that the one before stays in force."""
        self._know(epoch)
        self._latest = max(self._latest, epoch)
        if value is not None:
            self._values[epoch] = value
        for old in outdated(self._values, self._schedule.oldest_epoch(watermark)):
            del self._values[old]

    def _know(self, epoch: int) -> None:
        if self._begins is None:
            self._begins, self._latest = epoch, epoch - 1

    def lookup(self, window_end_ms: int) -> T | Literal["pending"]:
        """Returns the value for that window; "pending" while the epoch that decides it is under way."""
        if not self._schedule.enabled:
            return self._default
        epoch = self._schedule.epoch_at(window_end_ms)
        if self._begins is None or (self._latest < epoch and epoch >= self._begins):
            return "pending"
        return self._newest(epoch)

    def resolve(self, window_end_ms: int) -> T:
        """Returns the value for that window, once no epoch can be under way any more."""
        if not self._schedule.enabled:
            return self._default
        return self._newest(self._schedule.epoch_at(window_end_ms))

    def _newest(self, epoch: int) -> T:
        eligible = [each for each in self._values if each <= epoch]
        return self._values[max(eligible)] if eligible else self._default
