"""What a slice of ten seconds counts and sums for the features, as SQL: once over signals, once over trigger events."""

from dataclasses import dataclass
from typing import Final, Literal

ZERO: Final = "CAST(0 AS BIGINT)"
ONE: Final = "CAST(1 AS BIGINT)"
UNKNOWN: Final = "CAST(NULL AS BIGINT)"

Merge = Literal["SUM", "MIN", "MAX"]


@dataclass(frozen=True, slots=True)
class SliceColumn:
    """One whole number (BIGINT) per session, content item and slice.

    `signals` is its aggregate over the high-rate events of the slice, `trigger_events` over the repeats of one event of
    the fast lane, which make one row. A type of event in braces is the condition that the event has that type. At hand
    are the columns `value`, `occurred_at_ms`, `placement` and `element`. Whole numbers, because sums of floating point
    numbers depend on their order. A column that comes to mean something else gets another name.
    """

    name: str
    signals: str = ZERO
    trigger_events: str = ZERO

    def sum(self) -> "SliceTotal":
        return SliceTotal(self.name, self, "SUM")

    def max(self) -> "SliceTotal":
        return SliceTotal(self.name, self, "MAX")

    def min(self) -> "SliceTotal":
        return SliceTotal(self.name, self, "MIN")


@dataclass(frozen=True, slots=True)
class SliceTotal:
    """How the slices of a window become one number; `name` is that of the number in the feature's `value`."""

    name: str
    column: SliceColumn
    merge: Merge


def count(condition: str) -> str:
    """Aggregate over signals: how many of them meet `condition`."""
    return f"COUNT(CASE WHEN {condition} THEN 1 END)"


def total(condition: str, number: str = "CAST(`value` AS BIGINT)") -> str:
    """Aggregate over signals: the sum of their values, as whole numbers, where they meet `condition`."""
    return f"COALESCE(SUM(CASE WHEN {condition} THEN {number} END), 0)"


def highest(condition: str, number: str) -> str:
    return f"MAX(CASE WHEN {condition} THEN {number} END)"


def lowest(condition: str, number: str) -> str:
    return f"MIN(CASE WHEN {condition} THEN {number} END)"


def extent(condition: str, number: str) -> str:
    """Aggregate: from the lowest to the highest `number` of the events that meet `condition`."""
    found = f"(CASE WHEN {condition} THEN {number} END)"
    return f"MAX{found} - MIN{found}"


def once(condition: str) -> str:
    """Aggregate over trigger events: 1 where the event meets `condition`, however often it was repeated."""
    return f"MAX(CASE WHEN {condition} THEN {ONE} ELSE {ZERO} END)"
