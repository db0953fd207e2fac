"""Reads the cells of a CSV file with a header: UTF-8, `.gz` or not; commas, semicolons or tabs; rows as long as the header."""

import csv
import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.learning.errors import TrainingDataError

MAX_COLUMNS: Final = 256
MAX_FILE_BYTES: Final = 1024 * 1024 * 1024
"""Of an unpacked file."""

SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}
"""By what may stand between cells, what it is called. The one that is most frequent in the header counts."""

_GZIP: Final = b"\x1f\x8b"

_OTHER_FORMATS: Final = {
    b"PAR1": "Parquet: write it as CSV, as with pandas.read_parquet(FILE).to_csv('FILE.csv', index=False)",
    b"PK\x03\x04": "an Excel file or a ZIP archive: save the sheet as CSV",
    b"\xff\xfe": "UTF-16: save the file as UTF-8",
    b"\xfe\xff": "UTF-16: save the file as UTF-8",
}
"""By its first bytes, what a file is that is no CSV file in UTF-8."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a file by row; `lines` has the line that each row ended on, `separator` what stood between cells."""

    path: Path
    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    separator: str


def printable(path: Path) -> str:
    """Returns the name of a file without its folder; bytes of it that are no UTF-8 become a replacement character.

    >>> printable(Path("data/wishes.csv")), printable(Path("wishes-\\udcff.csv"))
    ('wishes.csv', 'wishes-\ufffd.csv')
    """
    return path.name.encode(errors="surrogateescape").decode(errors="replace")


def read_cells(path: Path) -> Cells:
    """Reads a file. Raises `TrainingDataError`."""
    content = _content(path)
    for begin, what in _OTHER_FORMATS.items():
        if content.startswith(begin):
            raise TrainingDataError(f"{path} is {what}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TrainingDataError(
            f"{path}, line {line}: byte {error.start} is no UTF-8: save the file as UTF-8"
        ) from None
    separator = _separator(text)
    return _parsed(path, csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator), separator)


def _content(path: Path) -> bytes:
    """Returns the bytes of a file, unpacked where it is packed with gzip, whatever it is called."""
    try:
        with path.open("rb") as file:
            is_packed = file.read(len(_GZIP)) == _GZIP
        with gzip.open(path, "rb") if is_packed else path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise TrainingDataError(f"{path} cannot be unpacked: {error}") from None
    except OSError as error:
        raise TrainingDataError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > MAX_FILE_BYTES:
        raise TrainingDataError(f"{path}: larger than {MAX_FILE_BYTES >> 20} MiB: train on a part of it")
    return content


def _separator(text: str) -> str:
    """Returns the separator that is most frequent in the header outside of quotes; the comma where there is none.

    >>> _separator('a;"b, c";d\\n'), _separator("a\\n1;2\\n")
    (';', ',')
    """
    begin = text.find("\n")
    header = text if begin < 0 else text[:begin]
    bare = "".join(header.split('"')[::2])
    return max(SEPARATORS, key=bare.count)


def _parsed(path: Path, reader: Any, separator: str) -> Cells:
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
                    f"quote cells that hold {SEPARATORS[separator]}, and give each column a cell"
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
    return Cells(path, header, rows, lines, separator)


def _require_header(path: Path, header: list[str]) -> None:
    if not header:
        raise TrainingDataError(f"{path} is empty: the first line names the columns")
    if len(header) > MAX_COLUMNS:
        raise TrainingDataError(f"{path}, line 1: {len(header)} columns, {MAX_COLUMNS} at most")
    for place, name in enumerate(header):
        if not name.isprintable():
            raise TrainingDataError(
                f"{path}, line 1: column {place + 1} has a character in its name that cannot be seen"
            )
        if not name:
            raise TrainingDataError(f"{path}, line 1: column {place + 1} has no name")
        if name in header[:place]:
            raise TrainingDataError(f"{path}, line 1: two columns are called {name}: rename one")
