"""Keyed operator: refits the forest of each content type on schedule, from a bounded sample of its windows."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ListStateDescriptor, ValueStateDescriptor

from models.features import SESSION_LAYOUT
from models.isolation_forest.messages import RefitMessage
from models.isolation_forest.registry import MAX_AGE_EPOCHS, MIN_ACTIVE_SLICES
from models.isolation_forest.schedule import RefitSchedule
from models.reservoir import Reservoir, session_of
from udfs.crossing_rows import SessionWindow, unpack
from udfs.runtime import prepare_interpreter
from udfs.runtime.python_threads import import_in_python_thread, run_in_python_thread


class SampledWindow(msgspec.Struct, array_like=True):
    """One window in the sample; its values stand as those of the reservoir do."""

    name: str
    at_ms: int
    values: list[float | None]


class ReservoirSnapshot(msgspec.Struct, array_like=True):
    """The reservoir as of the last boundary, and the epoch under way, or `IDLE_EPOCH`.

    `layout` is the `FeatureLayout.header` of the job that wrote it. State of other features is written anew when it is first
    read, so that reservoir and arrivals never differ.
    """

    epoch: int
    items: list[tuple[float, str, list[float | None]]]
    layout: str = ""


_encoder = msgspec.json.Encoder()
_sampled_windows = msgspec.json.Decoder(SampledWindow)
_snapshots = msgspec.json.Decoder(ReservoirSnapshot)
NAN = float("nan")
IDLE_EPOCH: Final = -1
"""The epoch of a content type that nobody reads at present."""

MIN_NEW_WINDOWS: Final = 32
"""New windows in the sample, of at least half as many readers, from which on another forest is fitted; with fewer the last one
stays in use."""

MAX_CONTENT_TYPES: Final = 64
"""Content types that may be sampled at a time; windows of further types are scored by the shipped forest. A type that nobody
reads gives its place back at the end of the epoch."""


class ForestRefit(KeyedProcessFunction):
    """Emits refits as control rows ("refit", content type, JSON).

    Runs in a slot of its own, because a refit keeps a core busy for 64 ms (`python -m infra.bench.refit`). State: the
    reservoir (bounded by its capacity) is written once an epoch; in between, a window is appended to a list if the reservoir
    takes it, which are some thousands of rows an epoch, however many windows there are. A sample without a window for
    `MAX_AGE_EPOCHS` is dropped, by event time.

    Timers: at the end of the epoch under way; while there is none, at the end of each window, since the first one in event time
    and not the first to arrive begins an epoch; and when an idle sample has become too old.
    """

    def __init__(self, every_ms: int, lead_ms: int, patch_pyflink: bool = True) -> None:
        self._patch_pyflink = patch_pyflink
        self._schedule = RefitSchedule(every_ms, lead_ms)
        self._half_life_ms = 2.0 * every_ms
        self._max_age_ms = MAX_AGE_EPOCHS * every_ms

    def open(self, runtime_context: RuntimeContext) -> None:
        prepare_interpreter(runtime_context, self._patch_pyflink)
        self._reservoir: Any = runtime_context.get_state(ValueStateDescriptor("reservoir-v1", Types.STRING()))
        self._arrivals: Any = runtime_context.get_list_state(ListStateDescriptor("arrivals-v1", Types.STRING()))
        self._live: dict[str, tuple[int, Reservoir]] = {}
        self._full_epoch = IDLE_EPOCH
        # Now, while the job's files are certain to lie where they should, and before anybody waits for a forest.
        import_in_python_thread("models.isolation_forest.fit")

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        _, numbers, texts = unpack(value)
        window = SessionWindow.from_crossing(numbers, texts)
        if window.active_slices < MIN_ACTIVE_SLICES:
            return
        content_type = window.main_type or ""
        current = self._current(content_type)
        if current is None:
            epoch = self._schedule.first_epoch(window.end_ms)
            if epoch <= self._full_epoch:
                return
            if len(self._live) >= MAX_CONTENT_TYPES:
                self._full_epoch = epoch
                yield _record(RefitMessage("", epoch, "full"))
                return
            current = self._save(content_type, IDLE_EPOCH, Reservoir(self._half_life_ms))
        elif content_type not in self._live:
            if current[0] == IDLE_EPOCH and len(self._live) >= MAX_CONTENT_TYPES:
                return
            self._live[content_type] = current
        epoch, reservoir = current
        if epoch == IDLE_EPOCH:
            ctx.timer_service().register_event_time_timer(window.end_ms)
            waits = True
        else:
            waits = window.end_ms > self._schedule.boundary_ms(epoch)
        if waits or reservoir.add(window.session_id, window.end_ms, window.values):
            name = f"{window.session_id}:{window.end_ms}"
            sampled = SampledWindow(name, window.end_ms, _to_state(window.values))
            self._arrivals.add(_encoder.encode(sampled).decode())

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Row]:
        content_type = ctx.get_current_key()
        current = self._current(content_type)
        if current is None:
            return
        epoch, reservoir = current
        arrived = [_sampled_windows.decode(text) for text in self._arrivals.get()]
        if epoch == IDLE_EPOCH:
            first_ms = min((sampled.at_ms for sampled in arrived), default=None)
            if first_ms is None:
                self._drop_if_old(reservoir, timestamp)
                return
            if first_ms > timestamp:
                return
            epoch, reservoir = self._begin(content_type, first_ms, reservoir, arrived)
            yield _record(RefitMessage(content_type, epoch, "begins"))
            ctx.timer_service().register_event_time_timer(self._schedule.boundary_ms(epoch))
        elif timestamp == self._schedule.boundary_ms(epoch):
            yield self._refitted(content_type, epoch, reservoir)
            self._end(content_type, epoch, reservoir, arrived, ctx)

    def _begin(
        self, content_type: str, first_ms: int, reservoir: Reservoir, arrived: list[SampledWindow]
    ) -> tuple[int, Reservoir]:
        """Begins the epoch of the first window, in event time, since the type was idle."""
        if _is_old(reservoir, first_ms - self._max_age_ms):
            reservoir = Reservoir(self._half_life_ms)
        epoch = self._schedule.first_epoch(first_ms)
        self._save(content_type, epoch, reservoir)
        boundary_ms = self._schedule.boundary_ms(epoch)
        kept = []
        for sampled in arrived:
            # What the reservoir does not take leaves no trace, however early it came.
            is_early = sampled.at_ms > boundary_ms
            if is_early or reservoir.add(session_of(sampled.name), sampled.at_ms, _from_state(sampled.values)):
                kept.append(_encoder.encode(sampled).decode())
        self._arrivals.update(kept)
        return epoch, reservoir

    def _refitted(self, content_type: str, epoch: int, reservoir: Reservoir) -> Row:
        # By the sample and not by what arrived: of rows in another order the sample takes others in between.
        if reservoir.count_since(self._schedule.boundary_ms(epoch - 1)) < MIN_NEW_WINDOWS:
            return _record(RefitMessage(content_type, epoch, "skipped"))
        rows = reservoir.rows()
        return _record(run_in_python_thread("models.isolation_forest.fit", "refit", content_type, epoch, rows))

    def _end(self, content_type: str, epoch: int, reservoir: Reservoir, arrived: list[SampledWindow], ctx: Any) -> None:
        """Ends an epoch. The next window of the type begins anew, however many epochs later that is."""
        boundary_ms = self._schedule.boundary_ms(epoch)
        self._save(content_type, IDLE_EPOCH, reservoir)
        early = [sampled for sampled in arrived if sampled.at_ms > boundary_ms]
        if early:
            self._arrivals.update([_encoder.encode(sampled).decode() for sampled in early])
            ctx.timer_service().register_event_time_timer(min(sampled.at_ms for sampled in early))
            return
        self._arrivals.clear()
        self._live.pop(content_type, None)
        ctx.timer_service().register_event_time_timer(boundary_ms + self._max_age_ms)

    def _drop_if_old(self, reservoir: Reservoir, now_ms: int) -> None:
        """Drops the sample of a type that is idle and has been for too long."""
        if _is_old(reservoir, now_ms - self._max_age_ms):
            self._reservoir.clear()

    def _save(self, content_type: str, epoch: int, reservoir: Reservoir) -> tuple[int, Reservoir]:
        """Writes the reservoir down as it stands."""
        items = [(priority, name, _to_state(values)) for priority, name, values in reservoir.items()]
        self._reservoir.update(_encoder.encode(ReservoirSnapshot(epoch, items, SESSION_LAYOUT.header)).decode())
        self._live[content_type] = (epoch, reservoir)
        return epoch, reservoir

    def _current(self, content_type: str) -> tuple[int, Reservoir] | None:
        """Epoch and reservoir of the current key, from state where they are not at hand; None for a type without a sample."""
        if content_type in self._live:
            return self._live[content_type]
        text = self._reservoir.value()
        if text is None:
            return None
        snapshot = _snapshots.decode(text)
        reservoir = Reservoir.from_items(
            ((priority, name, _from_state(values, snapshot.layout)) for priority, name, values in snapshot.items),
            self._half_life_ms,
        )
        arrived = [_sampled_windows.decode(each) for each in self._arrivals.get()]
        if snapshot.layout != SESSION_LAYOUT.header:
            self._save(content_type, snapshot.epoch, reservoir)
            for sampled in arrived:
                sampled.values = _to_state(_from_state(sampled.values, snapshot.layout))
            self._arrivals.update([_encoder.encode(sampled).decode() for sampled in arrived])
        if snapshot.epoch != IDLE_EPOCH:
            for sampled in arrived:
                if sampled.at_ms <= self._schedule.boundary_ms(snapshot.epoch):
                    reservoir.add(session_of(sampled.name), sampled.at_ms, _from_state(sampled.values))
            self._live[content_type] = (snapshot.epoch, reservoir)
        return snapshot.epoch, reservoir


def _is_old(reservoir: Reservoir, before_ms: int) -> bool:
    """Whether no row of the sample is of a time after `before_ms`."""
    return not reservoir.count_since(before_ms)


def _record(refitted: RefitMessage) -> Row:
    return Row("refit", refitted.content_type, _encoder.encode(refitted).decode())


def _to_state(values: Sequence[float]) -> list[float | None]:
    return [None if each != each else each for each in SESSION_LAYOUT.written(values)]


def _from_state(values: Sequence[float | None], header: str = SESSION_LAYOUT.header) -> list[float]:
    """The values by name; what the job that wrote them did not compute is unknown."""
    return [NAN if each is None else each for each in SESSION_LAYOUT.read(values, header, None)]
