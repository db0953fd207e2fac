"""Reads recordings: JSON Lines, plain or gzip, in order of arrival. Lines that are no events are kept."""

import gzip
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from schemas.events import EARLIEST_MS, MAX_SKEW_MS
from schemas.unreadable import UNREADABLE

SAMPLE: Final = Path(__file__).parent / "sample.jsonl.gz"
"""Ten minutes of the simulator, with every behaviour planted; its truth stands beside it."""


class RecordingError(ValueError):
    """A file that cannot be replayed; the message names file and reason."""


class Header(Struct):
    """The fields of an event that a replay needs."""

    received_at_ms: int
    occurred_at_ms: int
    session_id: str
    type: str
    event_id: str = ""


_decoder: Final = msgspec.json.Decoder(Header)


def header(record: bytes) -> Header | None:
    """Reads the header of a record; None for a record that is no event."""
    try:
        read = _decoder.decode(record)
    except UNREADABLE:
        return None
    # A time that the job will refuse must not set the clock of the replay.
    return read if EARLIEST_MS <= read.received_at_ms <= time.time_ns() // 1_000_000 + MAX_SKEW_MS else None


def records(path: Path) -> Iterator[bytes]:
    """Yields the records of a recording. Raises `RecordingError`, also for a file that ends in the middle of its gzip stream."""
    try:
        with path.open("rb") as raw, gzip.open(raw) if _is_gzip(path) else raw as lines:
            for line in lines:
                yield line.rstrip(b"\r\n")
    except (OSError, EOFError, zlib.error) as error:
        raise RecordingError(f"{path} cannot be read: {error}") from None


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as raw:
        return raw.read(2) == b"\x1f\x8b"
