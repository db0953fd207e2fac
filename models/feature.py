"""What a feature declares of itself: SQL, state, models, rules and documents follow from it."""

from dataclasses import dataclass
from typing import Final, Literal

from models.judgement.habit import Habit, Level
from models.slice_columns import SliceTotal

NAN: Final = float("nan")


@dataclass(frozen=True, slots=True)
class Feature:
    """One number of a window.

    `value` gives it in SQL from the totals of its `slice` columns, from what every window has (`jobs/sql/window_views.py`),
    and from {window_ms} and {slices}. The totals of a content window are by reader: there `value` aggregates over readers. Null
    means unknown. Numbers with an exponent are floating
    point in SQL; those with a point alone would be decimals, slow and rounded otherwise. A feature that comes to mean
    something else gets another name: state is read by name.
    """

    name: str
    unit: str
    text: str
    value: str
    slice: tuple[SliceTotal, ...] = ()
    when_silent: float | Literal["window_ms"] = NAN
    """In a session's window without events: a number, or the length of the window; NaN is unknown."""
    habit: Habit | None = None
    """For a feature that adds up over slices; most have one, or a level, or follow another feature's."""
    level: Level | None = None
    follows: str | None = None
    """The feature whose habit this one shares: the same number in another unit."""
    exposure: Literal["exits", "readers"] | None = None
    """What a content item's habit is by: readers that left, or reader-minutes. More of both is more traffic, no change."""
    in_forest: bool = True
    """Whether the Isolation Forest reads it. Not where another feature says the same, nor where it tells how much of the window
    the reader was there: every column that says nothing makes what is odd harder to find."""

    @property
    def adds_up(self) -> bool:
        """Whether a part of a window makes the value smaller."""
        return self.habit is not None or self.follows is not None

    @property
    def whole(self) -> str:
        """The total, in whole numbers, that a habit of this feature is formed of."""
        return self.slice[0].name if self.slice else self.value


@dataclass(frozen=True, slots=True)
class ScalarFeature:
    """A number that rules can name beside the features of the window; it has no baseline."""

    name: str
    unit: str
    text: str
