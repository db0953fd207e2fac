"""The features of a content item's window, and what is known of each of its readers."""

from typing import Final

from models.feature import Feature
from models.feature_columns import CLICKS, DEEPEST, ENGAGED_MS, EXITS, LEFT_MS, PRESENT, RAPID_EXITS
from models.judgement.habit import Habit, Level

READER_TOTALS: Final = (PRESENT.sum(), RAPID_EXITS.sum(), LEFT_MS.min())
"""What is known of each reader of a content item in a window, whichever features there are: who left, and when first."""

_LEFT: Final = "COUNT(CASE WHEN exits > 0 THEN 1 END)"
_LEFT_RAPIDLY: Final = "COUNT(CASE WHEN rapid_exits > 0 THEN 1 END)"

CONTENT_FEATURES: Final = (
    Feature(
        "readers",
        "count",
        "readers at a time, on average",
        "SUM(present) * 1e0 / {slices}",
        slice=(PRESENT.sum(),),
        level=Level("rd", 0.5),
    ),
    Feature(
        "engaged_ms",
        "ms",
        "engaged time of all readers",
        "SUM(engaged_ms)",
        slice=(ENGAGED_MS.sum(),),
        habit=Habit("en", 500.0, 600_000.0, 10_000.0, 0.5),
        exposure="readers",
    ),
    Feature(
        "depth",
        "0..1",
        "deepest point that a reader reached, mean over readers",
        "CAST(SUM(deepest) AS DOUBLE) / COUNT(deepest) / 1e4",
        slice=(DEEPEST.max(),),
        level=Level("dp", 0.02),
    ),
    Feature(
        "exits",
        "count",
        "readers that left",
        _LEFT,
        slice=(EXITS.sum(),),
        habit=Habit("ex", 1.0, 10.0, 1.2, 0.5),
        exposure="readers",
    ),
    Feature(
        "rapid_exits",
        "count",
        "readers that left within 10 s",
        _LEFT_RAPIDLY,
        slice=(RAPID_EXITS.sum(),),
        habit=Habit("rx", 0.3, 5.0, 0.8, 0.5),
        exposure="exits",
    ),
    Feature(
        "rapid_exit_share",
        "0..1",
        "share of the readers that left who left within 10 s",
        f"{_LEFT_RAPIDLY} * 1e0 / NULLIF({_LEFT}, 0)",
        slice=(EXITS.sum(), RAPID_EXITS.sum()),
        follows="rapid_exits",
        exposure="exits",
    ),
    Feature(
        "clicks",
        "count",
        "clicks",
        "SUM(clicks)",
        slice=(CLICKS.sum(),),
        habit=Habit("ck", 1.0, 6.0, 1.5, 0.5),
        exposure="readers",
    ),
)
