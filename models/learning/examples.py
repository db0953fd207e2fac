"""Examples to learn from, and their split into an earlier range, a calibration range and a later one; never at random."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.learning.errors import TrainingDataError

LATER_SHARE: Final = 0.2
CALIBRATION_SHARE: Final = 0.2
"""Of what comes before the later range. It sets the width of intervals, so no tree may have seen it."""

MIN_ROWS: Final = 200

MIN_TRAINING_ROWS: Final = 100
MIN_SESSIONS: Final = 20
"""Sessions (rows, where no sessions are known) of the calibration and of the later range: of one session the interval is a point,
and any model passes."""

Places = NDArray[np.int64]


def counted(rows: int) -> str:
    """
    >>> counted(1), counted(2000)
    ('1 row', '2000 rows')
    """
    return f"{rows} row" if rows == 1 else f"{rows} rows"


@dataclass(frozen=True, slots=True)
class Examples:
    """Columns by name, float64 with NaN or texts with None, and for each row what was to be predicted.

    Without `at_ms` the order of the rows is the order of time. Rows of one session are no independent witnesses.
    """

    values: Mapping[str, NDArray[Any]]
    truth: NDArray[Any]
    source: str
    at_ms: Places | None = None
    sessions: NDArray[Any] | None = None
    unused_rows: int = 0
    """Rows without truth."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Rows whose truth is no use, by reason."""
    aside: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Columns that are no inputs, such as those left out: a model that was trained on them can still be asked."""
    raw: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Columns as the file has them whose names are those of inputs that a renaming made."""
    as_the_job: frozenset[str] = frozenset()
    """Names of columns that are named and measured as the job does: of the feature log, or made by a renaming."""

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.values)

    def column(self, name: str) -> NDArray[Any]:
        """Returns the values of one column (rows,), which may be no input."""
        return self.values[name] if name in self.values else self.aside[name]

    def has(self, name: str) -> bool:
        """Whether there is a column of that name, which may be no input."""
        return name in self.values or name in self.aside

    def raw_column(self, name: str) -> NDArray[Any] | None:
        """Returns a column (rows,) as the file has it, before any renaming; None where there is none."""
        if name in self.raw:
            return self.raw[name]
        return self.column(name) if self.has(name) and name not in self.as_the_job else None

    def is_category(self, name: str) -> bool:
        return bool(self.column(name).dtype == object)

    def take(self, places: Places | NDArray[np.bool_]) -> "Examples":
        return replace(
            self,
            values={name: column[places] for name, column in self.values.items()},
            aside={name: column[places] for name, column in self.aside.items()},
            raw={name: column[places] for name, column in self.raw.items()},
            truth=self.truth[places],
            at_ms=None if self.at_ms is None else self.at_ms[places],
            sessions=None if self.sessions is None else self.sessions[places],
        )

    def leaving_out(self, rows: NDArray[np.bool_], reason: str) -> "Examples":
        """Returns the other rows, and counts these (rows,) under `reason`."""
        return replace(self.take(~rows), left_out={**self.left_out, reason: int(rows.sum())})

    def after(self, at_ms: int | None) -> NDArray[np.bool_]:
        """Returns which rows (rows,) lie after an instant; all where either has no time."""
        if self.at_ms is None or at_ms is None:
            return np.ones(len(self), dtype=bool)
        return self.at_ms > at_ms

    def only(self, names: Sequence[str]) -> "Examples":
        """Returns the same rows with these inputs alone, which may have been none. Raises `TrainingDataError` for one that is not
        there."""
        missing = [name for name in names if not self.has(name)]
        if missing:
            raise TrainingDataError(f"{self.source}: no column {', '.join(missing)}; there are {', '.join(self.names)}")
        return self.with_inputs({name: self.column(name) for name in names})

    def with_inputs(self, values: Mapping[str, NDArray[Any]]) -> "Examples":
        """Returns the same rows with these inputs, by name (rows,)."""
        return replace(self, values=values)


@dataclass(frozen=True, slots=True)
class Split:
    """Three ranges, one after the other. `dropped` rows belong to sessions that began in an earlier range."""

    train: Examples
    calibration: Examples
    later: Examples
    dropped: int


def split_by_time(examples: Examples) -> Split:
    """Splits examples: the last fifth is the later range, the last fifth of the rest calibrates. Raises `TrainingDataError`."""
    if len(examples) < MIN_ROWS:
        raise TrainingDataError(
            f"{examples.source}: {counted(len(examples))} with truth; a model needs {MIN_ROWS} at least: give more rows, as of a "
            "longer range"
        )
    if examples.at_ms is not None:
        examples = examples.take(np.argsort(examples.at_ms, kind="stable"))
    earlier, later, late_dropped = _cut(examples, LATER_SHARE)
    train, calibration, dropped = _cut(earlier, CALIBRATION_SHARE)
    _require_size("training", len(train), "rows", MIN_TRAINING_ROWS, examples.source)
    for name, part in (("calibration", calibration), ("later", later)):
        count, unit = (len(part), "rows") if part.sessions is None else (len(set(part.sessions)), "sessions")
        _require_size(name, count, unit, MIN_SESSIONS, examples.source)
    return Split(train, calibration, later, late_dropped + dropped)


def _require_size(name: str, count: int, unit: str, least: int, source: str) -> None:
    if count < least:
        raise TrainingDataError(
            f"{source}: {count} {unit} in the {name} range, {least} are needed: give a longer range, or check the columns of "
            "times and sessions"
        )


def _cut(examples: Examples, share: float) -> tuple[Examples, Examples, int]:
    """Cuts ordered rows in two; rows of one instant stay together, and sessions begun before the cut do not go on behind it."""
    place = round(len(examples) * (1.0 - share))
    if examples.at_ms is not None:
        place = int(np.searchsorted(examples.at_ms, examples.at_ms[place], side="left"))
    if place == 0:
        raise TrainingDataError(
            f"{examples.source}: most rows have the same time, so there is no later range: check the column of times"
        )
    which = np.arange(len(examples))
    before, after = which[:place], which[place:]
    if examples.sessions is not None:
        kept = ~np.isin(examples.sessions[after], np.unique(examples.sessions[before]))
        dropped = int((~kept).sum())
        if not kept.any():
            raise TrainingDataError(f"{examples.source}: no session begins in the later range: give a longer range")
        return examples.take(before), examples.take(after[kept]), dropped
    return examples.take(before), examples.take(after), 0
