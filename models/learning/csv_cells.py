"""Reads the cells of a CSV file with a header: UTF-8, commas, each row as long as the header."""

import csv
from pathlib import Path
from typing import Any, Final

from models.learning.errors import TrainingDataError

MAX_COLUMNS: Final = 256
MAX_FILE_BYTES: Final = 1024 * 1024 * 1024


def read_cells(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """Returns the names of the columns, the cells by row, and the line that each row ended on. Raises `TrainingDataError`."""
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
        if "unexpected end" in str(error):
            place = lines[-1] + 1 if lines else 2
            raise TrainingDataError(f"{path}, line {place}: a quote that begins a cell is never closed") from None
        raise TrainingDataError(f"{path}, line {reader.line_num}: {error}") from None
    if not rows:
        raise TrainingDataError(f"{path}: there is no row below the header")
    return header, rows, lines


def _require_header(path: Path, header: list[str]) -> None:
    if not header:
        raise TrainingDataError(f"{path} is empty: the first line names the columns")
    if len(header) > MAX_COLUMNS:
        raise TrainingDataError(f"{path}, line 1: {len(header)} columns, {MAX_COLUMNS} at most")
    for separator, called in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            raise TrainingDataError(f"{path}, line 1: cells are separated by {called}: save the file with commas")
    for place, name in enumerate(header):
        if not name.isprintable():
            raise TrainingDataError(
                f"{path}, line 1: column {place + 1} has a character in its name that cannot be seen"
            )
        if not name:
            raise TrainingDataError(f"{path}, line 1: column {place + 1} has no name")
        if name in header[:place]:
            raise TrainingDataError(f"{path}, line 1: two columns are called {name}: rename one")
