"""Converts public data sets to recordings that `microadjust replay` reads.

Every converter yields valid events in order of event time, with ids that depend on the data alone. Nothing is dropped
in silence: a row that is not as its format says stops the conversion with a `BadRowError` naming file, line and reason.
"""

import gzip
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from infra.simulate.converters import balabit, diginetica, mind, otto, yoochoose
from schemas.events import Event

CONVERTERS: Final[dict[str, Callable[[Path], Iterator[Event]]]] = {
    "yoochoose": yoochoose.convert,
    "balabit": balabit.convert,
    "diginetica": diginetica.convert,
    "otto": otto.convert,
    "mind": mind.convert,
}

FOLDERS: Final = {
    "yoochoose": "yoochoose-100k",
    "balabit": "balabit-mouse",
    "diginetica": "diginetica-sample",
    "otto": "otto-sample",
    "mind": "mind-sample",
}
"""Folder of each set below `shared_data()`."""

_encoder: Final = msgspec.json.Encoder()


def write_recording(events: Iterable[Event], target: Path) -> int:
    """Writes a recording, gzip if the name ends in .gz, and returns how many events it holds.

    Equal events give equal bytes. A conversion that fails leaves no half a recording.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(target.name + ".part")
    try:
        with draft.open("wb") as raw:
            count = _write_gzip(events, raw) if target.suffix == ".gz" else _write(events, raw)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return count


def _write_gzip(events: Iterable[Event], raw: BinaryIO) -> int:
    """Without time and file name, which would differ from run to run."""
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0) as packed:
        return _write(events, packed)


def _write(events: Iterable[Event], lines: BinaryIO | gzip.GzipFile) -> int:
    count = 0
    for event in events:
        lines.write(_encoder.encode(event) + b"\n")
        count += 1
    return count
