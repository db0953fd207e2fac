"""Reads the newest rows of the feature log for the console: who is in which segment, and what models scored."""

import threading
import time
from typing import Final

import msgspec
from msgspec import Struct

from infra.gateway.settings import Settings
from infra.kafka.topic_scan import scan_latest
from schemas.features import FeatureRowKind, Number
from schemas.topics import FEATURES
from schemas.unreadable import UNREADABLE

ROWS_BACK: Final = 5_000
"""Records of each partition that are read: a row is about a kilobyte."""

CACHE_S: Final = 15.0


class SeenRow(Struct):
    """What the console needs of a row of features.v1."""

    session_id: str
    window_end_ms: int
    kind: FeatureRowKind
    segment: str | None = None
    scores: dict[str, Number | None] = {}
    models: dict[str, int] = {}


_decode: Final = msgspec.json.Decoder(SeenRow).decode


class RecentRows:
    """The newest rows, oldest first, kept for a few seconds. Calls block and run one at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._rows: list[SeenRow] = []
        self._until_s = float("-inf")

    def windows(self) -> list[SeenRow]:
        """Returns the rows of windows. Raises `StreamError`."""
        with self._lock:
            if time.monotonic() >= self._until_s:
                self._rows = self._read()
                self._until_s = time.monotonic() + CACHE_S
            return self._rows

    def _read(self) -> list[SeenRow]:
        found: dict[tuple[str, int], SeenRow] = {}
        topics = [self._settings.topic(FEATURES.name)]
        for record in scan_latest(self._settings.kafka, topics, ROWS_BACK, lambda _: True):
            try:
                row = _decode(record.value or b"")
            except UNREADABLE:
                continue
            if row.kind == "window":
                # What a job that was killed had written comes again.
                found[row.session_id, row.window_end_ms] = row
        return sorted(found.values(), key=lambda each: (each.window_end_ms, each.session_id))
