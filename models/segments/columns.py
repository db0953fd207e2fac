"""What readers are grouped by: numbers of a window's behaviour, and of its context."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, expm1, log1p
from typing import Final

from models.features import SESSION_FEATURES

NAN: Final = float("nan")
MOBILE_DEVICES: Final = ("mobile", "phone", "tablet")


@dataclass(frozen=True, slots=True)
class Column:
    """One number that readers are grouped by. `low` and `high` are the words for readers far below and above the others.

    Counts, durations and distances are compared by ratio: a column with a `scale` counts as log(1 + value / scale), so that
    below the scale differences count as they are, and above it by how many times. `floor` is the least spread, on that scale:
    smaller differences are no differences. A name has one word of each `family`, since brief visits have few clicks.

    `context` names a text of the context; then the column is 1 where that text is one of `among`, else 0, and the floor says
    how much that weighs.
    """

    name: str
    unit: str
    low: str
    high: str
    floor: float
    family: str
    scale: float | None = None
    context: str | None = None
    among: tuple[str, ...] = ()

    def value(self, features: Mapping[str, float | None], context: Mapping[str, str | None]) -> float:
        """The value in a window, in the column's unit; NaN where it is unknown."""
        if self.context is not None:
            text = context.get(self.context)
            return NAN if text is None else float(text in self.among)
        value = features.get(self.name)
        return NAN if value is None else value

    def scaled(self, value: float) -> float:
        """The value as it is compared.

        >>> round(Column("clicks", "count", "few", "many", 0.1, "clicks", scale=1.0).scaled(7.0), 4)
        2.0794
        """
        return scaled(value, self.scale)

    def unscaled(self, value: float) -> float:
        return value if self.scale is None else expm1(value) * self.scale


def scaled(value: float, scale: float | None) -> float:
    """Negative values, which no feature has, count as 0 on a logarithmic scale."""
    return value if scale is None else log1p(max(value, 0.0) / scale) if value == value else value


_UNITS: Final = {feature.name: feature.unit for feature in SESSION_FEATURES}


def _by_ratio(name: str, family: str, low: str, high: str, scale: float) -> Column:
    # A feature that is gone is an unknown value.
    return Column(name, _UNITS.get(name, ""), low, high, 0.15, family, scale)


COLUMNS: Final = (
    _by_ratio("session_duration_ms", "time", "brief visits", "long visits", 5_000.0),
    _by_ratio("engaged_ms", "time", "short attention", "long attention", 5_000.0),
    _by_ratio("click_rate", "clicks", "few clicks", "many clicks", 1.0),
    Column("scroll_depth", "0..1", "reads beginnings only", "reads to the end", 0.05, "depth"),
    _by_ratio("scroll_distance", "scrolling", "little scrolling", "much scrolling", 0.25),
    _by_ratio("scroll_speed", "scrolling", "scrolls slowly", "scrolls fast", 1.0),
    _by_ratio("hover_ms", "pointer", "little hovering", "much hovering", 1_000.0),
    _by_ratio("pointer_path_px", "pointer", "little pointer movement", "much pointer movement", 500.0),
    _by_ratio("pages", "pages", "few pages", "many pages", 0.5),
    _by_ratio("rapid_exits", "pages", "seldom leaves at once", "often leaves at once", 0.5),
    Column(
        "mobile", "0 or 1", "at a desk", "on a phone or tablet", 0.5, "device", context="device", among=MOBILE_DEVICES
    ),
)
"""The scales are what little of each means in a minute; the floor 0.15 is 15 %. A column of 0 or 1 with the floor 0.5 sets the
two kinds two spreads apart: enough to part groups that differ otherwise, not to make groups alone."""

MIN_KNOWN_SHARE: Final = 1 / 3
"""Of the columns: a source that tells clicks and pages alone knows four of eleven, and its readers have segments. By three
columns chance alone makes two segments alike."""


def least_known(columns: int) -> int:
    """The number of columns, of so many, that must be known of a reader to compare him.

    >>> least_known(11), least_known(2)
    (4, 1)
    """
    return ceil(columns * MIN_KNOWN_SHARE)


def row_of(
    columns: Sequence[Column], features: Mapping[str, float | None], context: Mapping[str, str | None]
) -> list[float]:
    """The values of all columns in a window as they are compared, NaN where unknown."""
    return [column.scaled(column.value(features, context)) for column in columns]
