"""Keyed operator: scores each minute of the whole site, for rules, and tells of those that are out of the ordinary."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ListStateDescriptor, ValueStateDescriptor

from models.judgement.messages import SiteScore
from models.judgement.site_stream import MINUTE_MS, SUBJECT, SiteMinute, SiteStream
from udfs import metrics
from udfs.crossing_rows import unpack
from udfs.runtime import prepare_interpreter

ALERT: Final = "alert"
"""Kind of the rows that go to alerts.v1."""

_encoder: Final = msgspec.json.Encoder()


class SiteStreams(KeyedProcessFunction):
    """Emits control rows ("site", "site", JSON) and alerts ("alert", subject, JSON), one key for the whole site.

    One row a minute comes: the sum over all sessions. Subtasks that make the sums may be ahead of each other, so that a minute
    waits in a list until event time has passed it. A minute without events has no row: a timer looks for it.
    """

    def __init__(self, patch_pyflink: bool = True) -> None:
        self._patch_pyflink = patch_pyflink

    def open(self, runtime_context: RuntimeContext) -> None:
        prepare_interpreter(runtime_context, self._patch_pyflink)
        self._alerts = runtime_context.get_metrics_group().counter(metrics.SITE_ALERTS)
        self._state: Any = runtime_context.get_state(ValueStateDescriptor("site-stream-v1", Types.STRING()))
        self._arrivals: Any = runtime_context.get_list_state(ListStateDescriptor("site-minutes-v1", Types.STRING()))

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterable[Row]:
        _, numbers, _ = unpack(value)
        end_ms, engaged_ms = int(numbers[0]), int(numbers[1])
        self._arrivals.add(f"{end_ms} {engaged_ms}")
        ctx.timer_service().register_event_time_timer(end_ms)
        return ()

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Row]:
        text = self._state.value()
        stream = SiteStream() if text is None else SiteStream.from_text(text)
        arrived = sorted(tuple(map(int, each.split(" "))) for each in self._arrivals.get())
        minutes: list[SiteMinute] = []
        for end_ms, engaged_ms in arrived:
            if end_ms <= timestamp and stream.is_new(end_ms):
                minutes += stream.silent_minutes(end_ms - MINUTE_MS)
                minutes.append(stream.on_minute(end_ms, engaged_ms))
        minutes += stream.silent_minutes(timestamp)
        self._arrivals.update([f"{end_ms} {engaged_ms}" for end_ms, engaged_ms in arrived if end_ms > timestamp])
        self._state.update(stream.to_text())
        if (next_ms := stream.next_ms()) is not None:
            ctx.timer_service().register_event_time_timer(next_ms)
        for minute in minutes:
            message = SiteScore(minute.end_ms // MINUTE_MS, minute.score)
            yield Row("site", SUBJECT, _encoder.encode(message).decode())
            if minute.alert is not None:
                self._alerts.inc()
                yield Row(ALERT, minute.alert.subject, _encoder.encode(minute.alert).decode())
