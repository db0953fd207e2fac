"""Keyed operator: refits the forest of each content type on schedule, from a bounded sample of its windows."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ListStateDescriptor, ValueStateDescriptor

from models.isolation_forest.messages import RefitMessage
from models.isolation_forest.schedule import RefitSchedule
from models.reservoir import Reservoir
from udfs.crossing_rows import SessionWindow, unpack
from udfs.runtime.pyflink_patches import empty_results, row_conversion
from udfs.runtime.python_threads import import_in_python_thread, run_in_python_thread


class Sampled(msgspec.Struct, array_like=True):
    """One window in the sample."""

    name: str
    at_ms: int
    values: list[float | None]


class Remembered(msgspec.Struct, array_like=True):
    """The reservoir as of the last boundary, and the epoch under way, or `RESTING`."""

    epoch: int
    items: list[tuple[float, str, list[float | None]]]


_encoder = msgspec.json.Encoder()
_sampled = msgspec.json.Decoder(Sampled)
_remembered = msgspec.json.Decoder(Remembered)
NAN = float("nan")
END_OF_TIME = 2**63 - 1
"""The watermark that follows the last record of a bounded source."""

RESTING: Final = -1
"""The epoch of a type that nobody reads."""

LEAST_NEW: Final = 64
"""New windows in the sample that make another forest worth its fifth of a second; with fewer the last one stays in use."""

MOST_TYPES: Final = 64
"""Content types with a forest of their own, per subtask; what comes beyond them is judged by the one that ships with the job."""


class ForestRefit(KeyedProcessFunction):
    """Emits refits as control rows ("refit", content type, JSON).

    Runs in a slot of its own: a refit takes a fifth of a second of one core. State: the reservoir (bounded by its
    capacity) is written once an epoch; in between, a window is appended to a list if the reservoir takes it, which are
    some thousands of rows an epoch, however many windows there are.
    """

    def __init__(self, every_ms: int, lead_ms: int) -> None:
        self._schedule = RefitSchedule(every_ms, lead_ms)
        self._half_life_ms = 2.0 * every_ms

    def open(self, runtime_context: RuntimeContext) -> None:
        row_conversion.apply()
        empty_results.apply()
        self._reservoir: Any = runtime_context.get_state(ValueStateDescriptor("reservoir-v1", Types.STRING()))
        self._arrivals: Any = runtime_context.get_list_state(ListStateDescriptor("arrivals-v1", Types.STRING()))
        self._live: dict[str, tuple[int, Reservoir]] = {}
        # Now, while the job's files are certain to lie where they should, and before anybody waits for a forest.
        import_in_python_thread("models.isolation_forest.fit")

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        _, numbers, texts = unpack(value)
        window = SessionWindow.from_crossing(numbers, texts)
        content_type = window.main_type or ""
        current = self._current(content_type)
        if current is None and len(self._live) >= MOST_TYPES:
            return
        epoch, reservoir = current or (RESTING, Reservoir(self._half_life_ms))
        if epoch == RESTING:
            epoch = self._schedule.first_epoch(window.end_ms)
            yield self._begin(content_type, epoch, reservoir, ctx)
        name = f"{window.session_id}:{window.end_ms}"
        early = window.end_ms > self._schedule.boundary_ms(epoch)
        if early or reservoir.add(name, window.end_ms, window.values):
            values = [None if each != each else each for each in window.values]
            self._arrivals.add(_encoder.encode(Sampled(name, window.end_ms, values)).decode())

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Row]:
        content_type = ctx.get_current_key()
        current = self._current(content_type)
        if current is None:
            return
        epoch, reservoir = current
        arrived = [_sampled.decode(text) for text in self._arrivals.get()]
        if sum(sampled.at_ms <= timestamp for sampled in arrived) >= LEAST_NEW:
            yield _record(
                run_in_python_thread("models.isolation_forest.fit", "refit", content_type, epoch, reservoir.rows())
            )
        else:
            yield _record(RefitMessage(content_type, epoch, "skipped"))
        early = [sampled for sampled in arrived if sampled.at_ms > timestamp]
        if not early:
            # Nobody reads that type now. The next window of it begins anew, however many epochs later that is.
            self._arrivals.clear()
            self._remember(content_type, RESTING, reservoir)
            return
        following = self._schedule.first_epoch(min(sampled.at_ms for sampled in early))
        yield self._begin(content_type, following, reservoir, ctx)
        # As in `process_element`: what the reservoir does not take leaves no trace, however early it came.
        kept = []
        for sampled in early:
            still_early = sampled.at_ms > self._schedule.boundary_ms(following)
            if still_early or reservoir.add(sampled.name, sampled.at_ms, _with_nan(sampled.values)):
                kept.append(_encoder.encode(sampled).decode())
        self._arrivals.update(kept)

    def _begin(self, content_type: str, epoch: int, reservoir: Reservoir, ctx: Any) -> Row:
        """Waits for the end of `epoch`; returns the record that says so."""
        self._remember(content_type, epoch, reservoir)
        # At the end of a bounded topic time ends too: a timer set then would fire at once, and set the next.
        if ctx.timer_service().current_watermark() < END_OF_TIME:
            ctx.timer_service().register_event_time_timer(self._schedule.boundary_ms(epoch))
        return _record(RefitMessage(content_type, epoch, "begins"))

    def _remember(self, content_type: str, epoch: int, reservoir: Reservoir) -> None:
        """Writes the reservoir down as it stands."""
        items = [
            (priority, name, [None if each != each else each for each in values])
            for priority, name, values in reservoir.items()
        ]
        self._reservoir.update(_encoder.encode(Remembered(epoch, items)).decode())
        self._live[content_type] = (epoch, reservoir)

    def _current(self, content_type: str) -> tuple[int, Reservoir] | None:
        """Epoch and reservoir of the current key, from state after a restart; None for a type not seen before."""
        if content_type not in self._live:
            text = self._reservoir.value()
            if text is None:
                return None
            remembered = _remembered.decode(text)
            reservoir = Reservoir.restored(
                ((priority, name, _with_nan(values)) for priority, name, values in remembered.items),
                self._half_life_ms,
            )
            for each in self._arrivals.get():
                sampled = _sampled.decode(each)
                if sampled.at_ms <= self._schedule.boundary_ms(remembered.epoch):
                    reservoir.add(sampled.name, sampled.at_ms, _with_nan(sampled.values))
            self._live[content_type] = (remembered.epoch, reservoir)
        return self._live[content_type]


def _record(refitted: RefitMessage) -> Row:
    return Row("refit", refitted.content_type, _encoder.encode(refitted).decode())


def _with_nan(values: list[float | None]) -> list[float]:
    return [NAN if each is None else each for each in values]
