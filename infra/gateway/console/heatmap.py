"""The cells of heatmap.v1 as the console draws them: read on from where the last request stopped, and added up over periods."""

import threading
from collections import Counter, OrderedDict
from typing import Any, Final

import msgspec
from confluent_kafka import Consumer, KafkaException, TopicPartition

from infra.kafka import topic_scan
from schemas.heatmap import BANDS, COLUMNS, ROWS, HeatCell

MOST_CELLS: Final = 200_000
"""Kept in memory, about 60 MB; what was written longest ago goes first."""

READ_AT_ONCE: Final = 5_000

_decoder: Final = msgspec.json.Decoder(HeatCell)


class HeatView:
    """Counts nothing itself: the heatmap job does. Calls block; several at a time wait for each other."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap, self._topic = bootstrap, topic
        self._reader: Consumer | None = None
        self._places: list[TopicPartition] = []
        self._cells: OrderedDict[bytes, HeatCell] = OrderedDict()
        self._lock = threading.Lock()

    def close(self) -> None:
        with self._lock:
            if self._reader is not None:
                self._reader.close()
                self._reader = None

    def pages(self) -> list[dict[str, Any]]:
        """Pages by device, the busiest first. Raises `KafkaException`."""
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
        """Cells as [column, row, count]; `reach` says how many readings came at least as far as each band.

        A reader who comes back in another period counts once in each. Raises `KafkaException`.
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
            reader = topic_scan.consumer(self._bootstrap)
            self._places = topic_scan.partitions(reader, [self._topic])
            if not self._places:
                reader.close()
                return
            self._reader = reader
            reader.assign([TopicPartition(place.topic, place.partition, 0) for place in self._places])
        going = {(place.topic, place.partition) for place in self._places if self._is_behind(self._reader, place)}
        while going:
            for message in self._reader.consume(READ_AT_ONCE, timeout=1.0):
                if topic_scan.is_end(message):
                    going.discard((message.topic() or "", message.partition() or 0))
                elif (error := topic_scan.failure(message)) is not None:
                    raise KafkaException(error)
                else:
                    self._keep(message.key() or b"", message.value())

    def _is_behind(self, reader: Consumer, place: TopicPartition) -> bool:
        """Whether there is more to read: the end of a partition is told once, not at each visit."""
        low, high = reader.get_watermark_offsets(place, timeout=topic_scan.ANSWER_S)
        (here,) = reader.position([place])
        return bool(high > max(low, here.offset))

    def _keep(self, key: bytes, value: bytes | None) -> None:
        self._cells.pop(key, None)
        if value is None:
            return
        try:
            cell = _decoder.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        self._cells[key] = cell
        if len(self._cells) > MOST_CELLS:
            self._cells.popitem(last=False)
