"""Reads examples from a CSV file with a header. Errors name file, line and column, and what to do."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.learning.errors import TrainingDataError
from models.learning.examples import Examples
from schemas.nearest_names import suggestion

TIME_COLUMNS: Final = ("occurred_at_ms", "window_end_ms", "at_ms", "timestamp")
SESSION_COLUMN: Final = "session_id"
UNKNOWN_TEXTS: Final = frozenset({"", "na", "nan", "null", "none"})

MIN_NUMBER_SHARE: Final = 0.5
"""Share of cells with numbers from which a column is one of numbers: any other text in it is then an error."""

MAX_COLUMNS: Final = 256
MAX_FILE_BYTES: Final = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How to read the columns. `times` and `sessions` are names; None looks for the usual ones."""

    target: str
    target_is_number: bool
    needs_truth: bool = True
    """Whether the column of truth must be there, and rows without it are left out."""
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
    header, rows, lines = _cells(path)
    table = _Table(path, header, rows, lines)
    is_there = options.target in header and options.target not in options.without
    truths = (options.target,) if options.needs_truth or is_there else ()
    for name in (*truths, *options.without, *options.categories, *options.renamed):
        table.require(name)
    times = table.find(options.times, TIME_COLUMNS)
    sessions = table.find(options.sessions, (SESSION_COLUMN,))
    truth: NDArray[Any] = np.full(len(rows), np.nan)
    if truths:
        truth = table.numbers(options.target) if options.target_is_number else table.texts(options.target)
    values: dict[str, NDArray[Any]] = {}
    for name in header:
        if name in (options.target, times, sessions, *options.without):
            continue
        is_number = name not in options.categories and table.looks_numeric(name)
        if not is_number and name in options.factors:
            raise TrainingDataError(f"{path}, column {name}: texts cannot be multiplied by {options.factors[name]:g}")
        column = table.numbers(name) * options.factors.get(name, 1.0) if is_number else table.texts(name)
        values[options.renamed.get(name, name)] = column
    if not values:
        raise TrainingDataError(f"{path}: no column is left to predict {options.target} from")
    if not options.needs_truth:
        known = np.ones(len(rows), dtype=bool)
    else:
        known = np.isfinite(truth) if options.target_is_number else np.array([each is not None for each in truth])
    found = Examples(
        values,
        truth,
        f"{path.name}, {len(rows)} rows",
        None if times is None else table.times(times),
        None if sessions is None else table.texts(sessions),
        int((~known).sum()),
    )
    return found.take(known)


def _cells(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise TrainingDataError(f"{path}: larger than {MAX_FILE_BYTES >> 20} MiB: train on a part of it")
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _parsed(path, csv.reader(file, strict=True))
    except OSError as error:
        raise TrainingDataError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise TrainingDataError(f"{path}: byte {error.start} is no UTF-8: save the file as UTF-8") from None


def _parsed(path: Path, reader: Any) -> tuple[list[str], list[list[str]], list[int]]:
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        _require_header(path, header)
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise TrainingDataError(
                    f"{path}, line {reader.line_num}: {len(row)} cells, the header names {len(header)} columns: "
                    "quote cells that hold commas, and give each column a cell"
                )
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise TrainingDataError(f"{path}, line {reader.line_num}: {error}") from None
    if not rows:
        raise TrainingDataError(f"{path}: there is no row below the header")
    return header, rows, lines


def _require_header(path: Path, header: list[str]) -> None:
    if not header:
        raise TrainingDataError(f"{path} is empty: the first line names the columns")
    if len(header) > MAX_COLUMNS:
        raise TrainingDataError(f"{path}, line 1: {len(header)} columns, {MAX_COLUMNS} at most")
    for place, name in enumerate(header):
        if not name:
            raise TrainingDataError(f"{path}, line 1: column {place + 1} has no name")
        if name in header[:place]:
            raise TrainingDataError(f"{path}, line 1: two columns are called {name}: rename one")


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

    def looks_numeric(self, name: str) -> bool:
        known = [text for _, text in self.cells(name) if text.lower() not in UNKNOWN_TEXTS]
        return not known or sum(_number(text) is not None for text in known) >= MIN_NUMBER_SHARE * len(known)

    def numbers(self, name: str) -> NDArray[np.float64]:
        found = np.empty(len(self.rows))
        for place, (line, text) in enumerate(self.cells(name)):
            if text.lower() in UNKNOWN_TEXTS:
                found[place] = np.nan
            elif (number := _number(text)) is not None and abs(number) <= np.finfo(np.float32).max:
                found[place] = number
            else:
                raise TrainingDataError(
                    f"{self.path}, line {line}, column {name}: {text[:40]!r} is no finite number: give one, or leave the cell "
                    f"empty; --category {name} makes the column one of texts"
                )
        return found

    def times(self, name: str) -> NDArray[np.int64]:
        found = np.empty(len(self.rows), dtype=np.int64)
        for place, (line, text) in enumerate(self.cells(name)):
            at_ms = _time_ms(text)
            if at_ms is None:
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
    if text.isdigit():
        return int(text) if len(text) <= 15 else None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
