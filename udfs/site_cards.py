"""Keyed operator: emits the site's cards, from a sample of its sessions, every five minutes of event time."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Any, Final

import msgspec
from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ListStateDescriptor, ValueStateDescriptor

from models.features import SESSION_LAYOUT
from models.isolation_forest.schedule import RefitSchedule
from models.judgement.layout import LAYOUT, stored_layout, taken
from models.judgement.messages import CardMessage
from models.judgement.site_sample import MAX_SAMPLED, SampledWindow, SiteSample, rank_of
from udfs.crossing_rows import SessionWindow, unpack
from udfs.runtime import prepare_interpreter

NO_EPOCH: Final = -1

_encoder: Final = msgspec.json.Encoder()
_NAN: Final = float("nan")


class ArrivedWindow(msgspec.Struct, array_like=True):
    """A `SampledWindow` in state; JSON has no NaN, so unknown values are None."""

    session: str
    end_ms: int
    newest_first_ms: int
    acted_first_ms: int | None
    interacted_ms: int | None
    last_ms: int
    hidden_ms: int | None
    page_depth: float
    opened: str | None
    active_slices: int
    values: list[float | None]
    wholes: list[int]
    layout: str = LAYOUT
    """Of the features whose values these are."""


_arrived: Final = msgspec.json.Decoder(ArrivedWindow)


class SiteCards(KeyedProcessFunction):
    """Emits cards as control rows ("card", "site", JSON), one key for the whole site.

    Windows of sampled sessions are appended to a list as they come and judged together when their epoch is over, in an
    order of their own: what comes out does not depend on how they arrived, of how many subtasks. State: the sample with its
    statistics, written once an epoch (some hundred kilobytes), and the list (at most `MAX_SAMPLED` sessions' windows of an
    epoch, but for those of sessions that smaller ranks have replaced meanwhile).

    Timers: at the end of each epoch that has windows, and at the end of the first window to arrive of each: when event time
    has got there, no earlier epoch can begin any more, and the next one is announced.
    """

    def __init__(self, every_ms: int, lead_ms: int, patch_pyflink: bool = True) -> None:
        self._schedule = RefitSchedule(every_ms, lead_ms)
        self._patch_pyflink = patch_pyflink

    def open(self, runtime_context: RuntimeContext) -> None:
        prepare_interpreter(runtime_context, self._patch_pyflink)
        self._sample_state: Any = runtime_context.get_state(ValueStateDescriptor("site-sample-v1", Types.STRING()))
        self._epoch_state: Any = runtime_context.get_state(ValueStateDescriptor("site-epoch-v1", Types.LONG()))
        self._arrivals: Any = runtime_context.get_list_state(ListStateDescriptor("site-arrivals-v1", Types.STRING()))
        self._sample: SiteSample | None = None
        self._announced = NO_EPOCH
        self._sampled: dict[int, SmallestRanks] = {}

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterable[Row]:
        _, numbers, texts = unpack(value)
        end_ms, session = int(numbers[0]), texts[0] or ""
        self._restore()
        epoch = self._schedule.first_epoch(end_ms)
        if epoch not in self._sampled:
            self._sampled[epoch] = SmallestRanks()
            for at_ms in (end_ms, self._schedule.boundary_ms(epoch)):
                ctx.timer_service().register_event_time_timer(at_ms)
        # Windows of the whole site come by here; most are not sampled.
        if self._sampled[epoch].includes(session):
            window = SessionWindow.from_crossing(numbers, texts)
            self._arrivals.add(_encoder.encode(_to_state(window)).decode())
        return ()

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Row]:
        sample = self._restore()
        epoch = min(self._sampled, default=NO_EPOCH)
        if epoch == NO_EPOCH:
            return
        if self._announced == NO_EPOCH:
            self._announced = epoch
            self._epoch_state.update(epoch)
            yield _record(CardMessage(epoch, "begins"))
        if timestamp < self._schedule.boundary_ms(epoch):
            return
        arrived = [_arrived.decode(text) for text in self._arrivals.get()]
        due = [_from_state(window) for window in arrived if window.end_ms <= timestamp and stored_layout(window.layout)]
        early = [window for window in arrived if window.end_ms > timestamp]
        in_force_ms = self._schedule.boundary_ms(epoch - 1) + self._schedule.lead_ms
        cards = sample.end_epoch(due, in_force_ms)
        yield _record(CardMessage(epoch, "made", [card.to_json() for card in cards]))
        self._sample_state.update(_encoder.encode(sample.to_json()).decode())
        self._arrivals.update([_encoder.encode(window).decode() for window in early])
        del self._sampled[epoch]
        for later in self._sampled:
            # A job of an earlier release has set no timers for windows that came before their epoch.
            ctx.timer_service().register_event_time_timer(self._schedule.boundary_ms(later))
        # If nobody is there any more, the next window begins anew, however many epochs later that is.
        self._announced = NO_EPOCH
        self._epoch_state.clear()

    def _restore(self) -> SiteSample:
        """The sample, from state after a restart."""
        if self._sample is None:
            text = self._sample_state.value()
            self._sample = SiteSample() if text is None else SiteSample.from_json(msgspec.json.decode(text))
            epoch = self._epoch_state.value()
            self._announced = NO_EPOCH if epoch is None else epoch
            for stored in self._arrivals.get():
                window = _arrived.decode(stored)
                epoch = self._schedule.first_epoch(window.end_ms)
                self._sampled.setdefault(epoch, SmallestRanks()).includes(window.session)
        return self._sample


class SmallestRanks:
    """The sessions of one epoch with the smallest ranks so far, at most `MAX_SAMPLED`.

    Who is among the smallest at its end has been so all the time, so that none of its windows is missing then. That holds for
    each epoch by itself: a window that comes before its epoch is not to give way to sessions of the one under way.
    """

    def __init__(self) -> None:
        self._sessions: set[str] = set()
        self._largest: list[tuple[int, str]] = []

    def includes(self, session: str) -> bool:
        """Counts a session; whether it is among the smallest."""
        if session in self._sessions:
            return True
        rank = rank_of(session)
        if len(self._sessions) >= MAX_SAMPLED:
            if rank > -self._largest[0][0]:
                return False
            _, replaced = heappop(self._largest)
            self._sessions.remove(replaced)
        self._sessions.add(session)
        heappush(self._largest, (-rank, session))
        return True


def _record(message: CardMessage) -> Row:
    return Row("card", "site", _encoder.encode(message).decode())


def _to_state(window: SessionWindow) -> ArrivedWindow:
    return ArrivedWindow(
        window.session_id,
        window.end_ms,
        window.newest_first_ms,
        window.acted_first_ms,
        window.interacted_ms,
        window.last_ms,
        window.hidden_ms,
        window.page_depth,
        window.opened,
        window.active_slices,
        [None if each != each else each for each in SESSION_LAYOUT.written(window.values)],
        [int(each) for each in window.wholes],
    )


def _from_state(window: ArrivedWindow) -> SampledWindow:
    """Reads a window by name; of a feature that the job that wrote it did not have, nothing is known, and no habit's sum."""
    told = msgspec.structs.astuple(window)[: ArrivedWindow.__struct_fields__.index("values")]
    stored = stored_layout(window.layout)
    assert stored is not None
    values = [_NAN if each is None else each for each in SESSION_LAYOUT.read(window.values, stored.header, None)]
    return SampledWindow(*told, values, taken(window.wholes, stored.habits, 0), window.layout)  # type: ignore[call-arg]
