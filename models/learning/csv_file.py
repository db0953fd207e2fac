"""Reads examples from a CSV file with a header. Errors name file, line and column, and what to do."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.learning.csv_cells import read_cells
from models.learning.errors import TrainingDataError
from models.learning.examples import Examples
from schemas.nearest_names import suggestion

TIME_COLUMNS: Final = ("occurred_at_ms", "window_end_ms", "at_ms", "timestamp")
SESSION_COLUMN: Final = "session_id"
UNKNOWN_TEXTS: Final = frozenset({"", "na", "nan", "null", "none"})

MIN_NUMBER_SHARE: Final = 0.5
"""Share of cells with numbers from which a column is one of numbers: any other text in it is then an error."""

MAX_NUMBER: Final = float(np.finfo(np.float32).max)
"""Models read single precision."""

MAX_MS: Final = 253_402_300_799_999
"""The end of the year 9999."""

SECONDS: Final = range(10**9, 10**11)
"""Times in seconds from 2001 on; in milliseconds they would all lie before April 1973."""


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How to read the columns. `times` and `sessions` are names; None looks for the usual ones."""

    target: str
    target_is_number: bool
    needs_truth: bool = True
    """Whether the column of truth must be there, and rows without it are left out."""
    truth_between: tuple[float, float] | None = None
    """Least and greatest number that the truth may be; any other is an error."""
    times: str | None = None
    sessions: str | None = None
    without: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Column to the name of the feature that it is."""
    factors: Mapping[str, float] = field(default_factory=dict)
    """Column to what its numbers are multiplied with, where the feature has another unit."""


def read_csv(path: Path, options: CsvOptions) -> Examples:
    """Reads a file. Raises `TrainingDataError`."""
    header, rows, lines = read_cells(path)
    table = _Table(path, header, rows, lines)
    is_there = options.target in header and options.target not in options.without
    truths = (options.target,) if options.needs_truth or is_there else ()
    for name in (*truths, *options.without, *options.categories, *options.renamed):
        table.require(name)
    _require_no_target(path, options)
    times = table.find(options.times, TIME_COLUMNS)
    sessions = table.find(options.sessions, (SESSION_COLUMN,))
    truth: NDArray[Any] = np.full(len(rows), np.nan)
    if truths:
        truth = (
            table.numbers(options.target, is_target=True) if options.target_is_number else table.texts(options.target)
        )
        if options.truth_between is not None:
            table.require_between(options.target, truth, *options.truth_between)
    values: dict[str, NDArray[Any]] = {}
    for name in header:
        if name in (options.target, times, sessions, *options.without):
            continue
        is_number = name not in options.categories and table.looks_numeric(name)
        if not is_number and name in options.factors:
            raise TrainingDataError(f"{path}, column {name}: texts cannot be multiplied by {options.factors[name]:g}")
        feature = options.renamed.get(name, name)
        if feature in values or feature == options.target:
            raise TrainingDataError(
                f"{path}: two columns would be {feature}: leave one out with --without, or rename it"
            )
        values[feature] = table.scaled(name, options.factors.get(name, 1.0)) if is_number else table.texts(name)
    if not values:
        raise TrainingDataError(f"{path}: no column is left to predict {options.target} from")
    if not options.needs_truth:
        known = np.ones(len(rows), dtype=bool)
    else:
        known = np.isfinite(truth) if options.target_is_number else np.array([each is not None for each in truth])
    found = Examples(
        values,
        truth,
        f"{path.name}, {len(rows)} {'row' if len(rows) == 1 else 'rows'}",
        None if times is None else table.times(times),
        None if sessions is None else table.sessions(sessions),
        int((~known).sum()),
        aside=table.aside((*options.without, *options.renamed), {options.target, times, sessions, *values}),
    )
    return found.take(known)


def _require_no_target(path: Path, options: CsvOptions) -> None:
    """Raises `TrainingDataError` where an option for inputs names what is to be predicted."""
    # A detector learns from windows without labels, too.
    without = options.without if options.needs_truth else ()
    given = {"--without": without, "--category": options.categories, "--rename": options.renamed}
    for option, names in given.items():
        if options.target in names:
            raise TrainingDataError(f"{path}: {option} {options.target} names what is to be predicted; see --target")


@dataclass(frozen=True, slots=True)
class _Table:
    """Cells by row, with the line that each row ended on."""

    path: Path
    header: list[str]
    rows: list[list[str]]
    lines: list[int]

    def require(self, name: str) -> None:
        if name not in self.header:
            raise TrainingDataError(f"{self.path}, line 1: no column {name}{suggestion(name, self.header)}")

    def find(self, given: str | None, usual: Iterable[str]) -> str | None:
        if given is not None:
            self.require(given)
            return given
        return next((name for name in usual if name in self.header), None)

    def cells(self, name: str) -> Iterable[tuple[int, str]]:
        place = self.header.index(name)
        return ((line, row[place].strip()) for line, row in zip(self.lines, self.rows, strict=True))

    def texts(self, name: str) -> NDArray[np.object_]:
        known = [None if text.lower() in UNKNOWN_TEXTS else text for _, text in self.cells(name)]
        return np.array(known, dtype=object)

    def aside(self, names: Iterable[str], taken: Collection[str | None]) -> dict[str, NDArray[Any]]:
        """Returns columns as the file has them, for models that were trained on them. One that cannot be read is left out: it is
        no reason to refuse the file."""
        found: dict[str, NDArray[Any]] = {}
        for name in names:
            if name not in taken:
                with suppress(TrainingDataError):
                    found[name] = self.numbers(name) if self.looks_numeric(name) else self.texts(name)
        return found

    def looks_numeric(self, name: str) -> bool:
        known = [text for _, text in self.cells(name) if text.lower() not in UNKNOWN_TEXTS]
        return not known or sum(_number(text) is not None for text in known) >= MIN_NUMBER_SHARE * len(known)

    def sessions(self, name: str) -> NDArray[np.object_]:
        """Ids of sessions. A row without one is a session of its own: it has no known tie to any other."""
        return np.array(
            [f"\0{line}" if text.lower() in UNKNOWN_TEXTS else text for line, text in self.cells(name)], dtype=object
        )

    def scaled(self, name: str, factor: float) -> NDArray[np.float64]:
        found = self.numbers(name) * factor
        if np.nanmax(np.abs(found), initial=0.0) > MAX_NUMBER:
            raise TrainingDataError(f"{self.path}, column {name}: some numbers times {factor:g} are too large")
        return found

    def numbers(self, name: str, is_target: bool = False) -> NDArray[np.float64]:
        found = np.empty(len(self.rows))
        for place, (line, text) in enumerate(self.cells(name)):
            if text.lower() in UNKNOWN_TEXTS:
                found[place] = np.nan
            elif (number := _number(text)) is not None and abs(number) <= MAX_NUMBER:
                found[place] = number
            else:
                advice = (
                    "--target names another column, and `models train tone` predicts texts"
                    if is_target
                    else f"--category {name} makes the column one of texts"
                )
                raise TrainingDataError(
                    f"{self.path}, line {line}, column {name}: {text[:40]!r} is no finite number, or too large: give one, or "
                    f"leave the cell empty; {advice}"
                )
        return found

    def require_between(self, name: str, numbers: NDArray[Any], least: float, greatest: float) -> None:
        beyond = np.flatnonzero((numbers < least) | (numbers > greatest))
        if len(beyond):
            place = int(beyond[0])
            raise TrainingDataError(
                f"{self.path}, line {self.lines[place]}, column {name}: {numbers[place]:g} is not {least:g} to {greatest:g}: "
                "give a number that is, or leave the cell empty"
            )

    def times(self, name: str) -> NDArray[np.int64]:
        found = np.empty(len(self.rows), dtype=np.int64)
        for place, (line, text) in enumerate(self.cells(name)):
            at_ms = _time_ms(text)
            if at_ms is not None and at_ms in SECONDS:
                raise TrainingDataError(
                    f"{self.path}, line {line}, column {name}: {text[:40]!r} looks like seconds: give milliseconds since 1970"
                )
            if at_ms is None or at_ms > MAX_MS:
                raise TrainingDataError(
                    f"{self.path}, line {line}, column {name}: {text[:40]!r} is no time: give milliseconds since 1970, or a date "
                    "as 2026-11-28T14:30:00Z"
                )
            found[place] = at_ms
        return found


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    # Python reads 1_000 as a number; nobody writes that in a CSV file.
    return number if isfinite(number) and "_" not in text else None


def _time_ms(text: str) -> int | None:
    # Not `isdigit`, which takes ² for one.
    if text.isdecimal():
        return int(text) if len(text) <= 15 else None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
