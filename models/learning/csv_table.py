"""The columns of a CSV file as numbers, texts, times and sessions. Errors name file, line and column, and what to do."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.learning.csv_cells import Cells
from models.learning.csv_numbers import is_unknown, to_number
from models.learning.errors import TrainingDataError
from models.model_inputs import MAX_FLOAT32
from schemas.nearest_names import suggestion

MIN_NUMBER_SHARE: Final = 0.5
"""Share of cells with numbers from which a column is one of numbers: any other text in it is then an error."""

MAX_MS: Final = 253_402_300_799_999
"""The end of the year 9999."""

SECONDS: Final = range(10**9, 10**11)
"""Times in seconds from 2001 on; in milliseconds they would all lie before April 1973."""


@dataclass(frozen=True, slots=True)
class CsvTable:
    """Columns of cells by name; `decimal` is the sign before the fraction of a number."""

    source: Cells
    decimal: str = "."

    def require(self, name: str) -> None:
        if name not in self.source.header:
            raise TrainingDataError(
                f"{self.source.path}, line 1: no column {name}{suggestion(name, self.source.header)}"
            )

    def find(self, given: str | None, usual: Iterable[str]) -> str | None:
        if given is not None:
            self.require(given)
            return given
        return next((name for name in usual if name in self.source.header), None)

    def cells(self, name: str) -> Iterable[tuple[int, str]]:
        place = self.source.header.index(name)
        return ((line, row[place].strip()) for line, row in zip(self.source.lines, self.source.rows, strict=True))

    def _place(self, line: int, name: str) -> str:
        return f"{self.source.path}, line {line}, column {name}"

    def texts(self, name: str) -> NDArray[np.object_]:
        known = [None if is_unknown(text) else text for _, text in self.cells(name)]
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
        known = [text for _, text in self.cells(name) if not is_unknown(text)]
        return not known or sum(to_number(text, self.decimal) is not None for text in known) >= MIN_NUMBER_SHARE * len(
            known
        )

    def sessions(self, name: str) -> NDArray[np.object_]:
        """Ids of sessions. A row without one is a session of its own: it has no known tie to any other."""
        return np.array([f"\0{line}" if is_unknown(text) else text for line, text in self.cells(name)], dtype=object)

    def scaled(self, name: str, factor: float) -> NDArray[np.float64]:
        found = self.numbers(name) * factor
        if np.nanmax(np.abs(found), initial=0.0) > MAX_FLOAT32:
            raise TrainingDataError(f"{self.source.path}, column {name}: some numbers times {factor:g} are too large")
        return found

    def numbers(self, name: str, is_target: bool = False) -> NDArray[np.float64]:
        found = np.empty(len(self.source.rows))
        for place, (line, text) in enumerate(self.cells(name)):
            if is_unknown(text):
                found[place] = np.nan
            elif (number := to_number(text, self.decimal)) is not None and abs(number) <= MAX_FLOAT32:
                found[place] = number
            else:
                advice = (
                    "--target names another column, and `models train tone` predicts texts"
                    if is_target
                    else f"--category {name} makes the column one of texts"
                )
                raise TrainingDataError(
                    f"{self._place(line, name)}: {text[:40]!r} is no finite number, or too large: give one, or leave the cell "
                    f"empty; {advice}"
                )
        return found

    def require_between(self, name: str, numbers: NDArray[Any], least: float, greatest: float) -> None:
        beyond = np.flatnonzero((numbers < least) | (numbers > greatest))
        if len(beyond):
            place = int(beyond[0])
            raise TrainingDataError(
                f"{self._place(self.source.lines[place], name)}: {numbers[place]:g} is not {least:g} to {greatest:g}: give a "
                "number that is, or leave the cell empty"
            )

    def times(self, name: str) -> NDArray[np.int64]:
        found = np.empty(len(self.source.rows), dtype=np.int64)
        for place, (line, text) in enumerate(self.cells(name)):
            at_ms = time_ms(text)
            if at_ms is not None and at_ms in SECONDS:
                raise TrainingDataError(
                    f"{self._place(line, name)}: {text[:40]!r} looks like seconds: give milliseconds since 1970"
                )
            if at_ms is None or at_ms > MAX_MS:
                raise TrainingDataError(
                    f"{self._place(line, name)}: {text[:40]!r} is no time: give milliseconds since 1970, or a date as "
                    "2026-11-28T14:30:00Z"
                )
            found[place] = at_ms
        return found


def time_ms(text: str) -> int | None:
    # Not `isdigit`, which takes ² for one.
    if text.isdecimal():
        return int(text) if len(text) <= 15 else None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
