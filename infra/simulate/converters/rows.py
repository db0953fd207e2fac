"""Reads and checks the rows of a foreign file; the first bad row stops the conversion with its file and line."""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Final, TextIO, TypeVar

from schemas.events import EARLIEST_MS

RECEIVED_AFTER_MS: Final = 50
"""From reader to gateway. The sets say nothing of it; of balabit-mouse's second clock its module speaks."""

LATEST_MS: Final = 4_102_444_800_000
"""The year 2100."""

MAX_NAME_LENGTH: Final = 40
"""Characters of a session's name, so that an event's id has room for prefix and number."""

Row = TypeVar("Row")


class BadRowError(ValueError):
    """A row that is not what its format says; the message names file, line and reason."""


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """Text, unpacked if the name ends in .gz. Raises `BadRowError` where it is no text or breaks off."""
    with path.open("rb") as raw, gzip.open(raw) if path.suffix == ".gz" else raw as unpacked:
        text = TextIOWrapper(unpacked, encoding="utf-8", newline="")
        try:
            yield text
        except (UnicodeDecodeError, csv.Error, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BadRowError(f"{path} cannot be read: {error}") from error


def parsed(path: Path, delimiter: str, header: Sequence[str], parse: Callable[[list[str]], Row]) -> Iterator[Row]:
    """Each row of a delimited file as `parse` understands it. Raises `BadRowError` also for another header."""
    with opened(path) as lines:
        reader = csv.reader(lines, delimiter=delimiter)
        if next(reader, None) != list(header):
            raise BadRowError(f"{path}:1: the header is not {delimiter.join(header)!r}")
        for fields in reader:
            try:
                if len(fields) != len(header):
                    raise ValueError(f"{len(fields)} fields instead of {len(header)}")
                row = parse(fields)
            except (ValueError, OverflowError) as error:
                raise BadRowError(f"{path}:{reader.line_num}: {error}") from error
            yield row


def name(text: str) -> str:
    """A session, an item or a user. Raises ValueError."""
    if not 0 < len(text) <= MAX_NAME_LENGTH:
        raise ValueError(f"{text[:MAX_NAME_LENGTH]!r} is no name of 1 to {MAX_NAME_LENGTH} characters")
    return text


def instant(at_ms: float) -> int:
    """Whole milliseconds between the years 2000 and 2100. Raises ValueError, or OverflowError for infinity."""
    rounded = round(at_ms)
    if not EARLIEST_MS <= rounded <= LATEST_MS:
        raise ValueError(f"{at_ms:.0f} ms is no time between 2000 and 2100")
    return rounded
