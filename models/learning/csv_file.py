"""Reads examples from a CSV file with a header. Errors name file, line and column, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.learning.csv_cells import printable, read_cells
from models.learning.csv_numbers import decimal_sign
from models.learning.csv_table import CsvTable
from models.learning.errors import TrainingDataError
from models.learning.examples import Examples, counted
from schemas.nearest_names import suggestion

TIME_COLUMNS: Final = ("occurred_at_ms", "window_end_ms", "at_ms", "timestamp")
SESSION_COLUMN: Final = "session_id"


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
    segments: str | None = None
    """Column that tells the segment of each reader, a name whatever it looks like; None where no segment is picked."""


def read_csv(path: Path, options: CsvOptions) -> Examples:
    """Reads a file. Raises `TrainingDataError`."""
    cells = read_cells(path)
    header, rows, table = cells.header, cells.rows, CsvTable(cells)
    is_there = options.target in header and options.target not in options.without
    truths = (options.target,) if options.needs_truth or is_there else ()
    if truths and options.target not in header:
        close = suggestion(options.target, header)
        raise TrainingDataError(
            f"{path}, line 1: no column {options.target}: --target names what is to be predicted{close}"
        )
    for name in (*options.without, *options.categories, *options.renamed):
        table.require(name)
    _require_segments(path, options, header)
    _require_no_target(path, options)
    times = table.find(options.times, TIME_COLUMNS)
    sessions = table.find(options.sessions, (SESSION_COLUMN,))
    no_numbers = {times, sessions, options.segments, *options.without, *options.categories}
    if not options.target_is_number:
        no_numbers.add(options.target)
    table = CsvTable(cells, decimal_sign(cells, [name for name in header if name not in no_numbers]))
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
        is_number = name not in (*options.categories, options.segments) and table.looks_numeric(name)
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
        f"{printable(path)}, {counted(len(rows))}",
        None if times is None else table.times(times),
        None if sessions is None else table.sessions(sessions),
        int((~known).sum()),
        aside=table.aside((*options.without, *options.renamed), {options.target, times, sessions, *values}),
        raw=table.aside([name for name in options.renamed if name in values], {options.target, times, sessions}),
        as_the_job=frozenset(options.renamed.values()),
    )
    return found.take(known)


def _require_segments(path: Path, options: CsvOptions, header: list[str]) -> None:
    column = options.segments
    if column is None:
        return
    if column in options.without:
        raise TrainingDataError(
            f"{path}: --without {column} leaves out the column that tells the segment of each reader"
        )
    if column not in header:
        raise TrainingDataError(
            f"{path}, line 1: no column {column}, by which the readers of one segment are picked: --rename COLUMN=segment names "
            f"another, see infra/docs/models.md{suggestion(column, header)}"
        )


def _require_no_target(path: Path, options: CsvOptions) -> None:
    """Raises `TrainingDataError` where an option for inputs names what is to be predicted."""
    # A detector learns from windows without labels, too.
    without = options.without if options.needs_truth else ()
    given = {"--without": without, "--category": options.categories, "--rename": options.renamed}
    for option, names in given.items():
        if options.target in names:
            raise TrainingDataError(f"{path}: {option} {options.target} names what is to be predicted; see --target")
