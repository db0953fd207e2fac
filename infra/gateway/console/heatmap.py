"""Reads heatmap.v1 for the console: continues where the last request stopped and sums cells over periods."""

import threading
from collections import Counter, OrderedDict
from typing import Any, Final

import msgspec

from infra.kafka.connection import Kafka
from infra.kafka.reading import TopicReader
from schemas.heatmap import BANDS, COLUMNS, ROWS, HeatCell
from schemas.unreadable import UNREADABLE

MAX_CELLS: Final = 200_000
"""Kept in memory, about 60 MB; the cells written longest ago are dropped first."""

_decoder: Final = msgspec.json.Decoder(HeatCell)


class HeatmapReader:
    """Sums what the heatmap job has counted. Calls block and run one at a time."""

    def __init__(self, kafka: Kafka, topic: str) -> None:
        self._kafka, self._topic = kafka, topic
        self._reader: TopicReader | None = None
        self._cells: OrderedDict[bytes, HeatCell] = OrderedDict()
        self._lock = threading.Lock()

    def close(self) -> None:
        with self._lock:
            if self._reader is not None:
                self._reader.close()
                self._reader = None

    def pages(self) -> list[dict[str, Any]]:
        """Pages by device, the busiest first. Raises `StreamError`."""
        with self._lock:
            self._refresh()
            totals: dict[tuple[str, str], Counter[str]] = {}
            for cell in self._cells.values():
                totals.setdefault((cell.page, cell.device), Counter())[cell.kind] += cell.count
        ordered = sorted(totals.items(), key=lambda each: (-each[1].total(), each[0]))
        return [
            {"page": page, "device": device, "clicks": n["click"], "moves": n["move"], "readers": n["scroll"]}
            for (page, device), n in ordered[:500]
        ]

    def cells(self, page: str, device: str | None, since_ms: int) -> dict[str, Any]:
        """Cells as [column, row, count]; `reach` is the number of readings that came at least as far as each band.

        A visitor who returns in another period counts once in each. Raises `StreamError`.
        """
        found: dict[str, Counter[tuple[int, int]]] = {"click": Counter(), "move": Counter(), "scroll": Counter()}
        with self._lock:
            self._refresh()
            for cell in self._cells.values():
                if cell.page == page and device in (None, cell.device) and cell.period_start_ms >= since_ms:
                    found[cell.kind][(cell.column, cell.row)] += cell.count
        reach, deeper = [0] * BANDS, 0
        for band in reversed(range(BANDS)):
            deeper += found["scroll"][(0, band)]
            reach[band] = deeper
        return {
            "columns": COLUMNS,
            "rows": ROWS,
            "reach": reach,
            **{kind: [[*where, count] for where, count in found[kind].items()] for kind in ("click", "move")},
        }

    def _refresh(self) -> None:
        """Reads on until the end."""
        if self._reader is None:
            self._reader = TopicReader(self._kafka, self._topic, isolation="read_uncommitted", missing_ok=True)
        for record in self._reader.read_to_end(quiet_s=0.0):
            self._keep(record.key or b"", record.value)

    def _keep(self, key: bytes, value: bytes | None) -> None:
        self._cells.pop(key, None)
        if value is None:
            return
        try:
            cell = _decoder.decode(value)
        except UNREADABLE:
            return
        self._cells[key] = cell
        if len(self._cells) > MAX_CELLS:
            self._cells.popitem(last=False)
