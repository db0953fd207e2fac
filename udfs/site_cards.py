"""Keyed operator: emits the site's cards, from a sample of its sessions, every five minutes of event time."""

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Any, Final

import msgspec
from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ListStateDescriptor, ValueStateDescriptor

from models.isolation_forest.schedule import RefitSchedule
from models.judgement.messages import CardMessage
from models.judgement.site_sample import MAX_SAMPLED, SampledWindow, SiteSample, rank_of
from udfs.crossing_rows import SessionWindow, unpack
from udfs.runtime import prepare_interpreter

MAX_WATERMARK: Final = 2**63 - 1
"""The watermark that follows the last record of a bounded source."""

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


_arrived: Final = msgspec.json.Decoder(ArrivedWindow)


class SiteCards(KeyedProcessFunction):
    """Emits cards as control rows ("card", "site", JSON), one key for the whole site.

    Windows of sampled sessions are appended to a list as they come and judged together when their epoch is over, in an
    order of their own: what comes out does not depend on how they arrived. State: the sample with its statistics, written once an
    epoch (some hundred kilobytes), and the list (at most `MAX_SAMPLED` sessions' windows of an epoch, but for those of
    sessions that smaller ranks have replaced meanwhile).
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
        self._epoch = NO_EPOCH
        self._ranks: dict[str, int] = {}
        self._largest: list[tuple[int, str]] = []

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        _, numbers, texts = unpack(value)
        self._restore()
        if self._epoch == NO_EPOCH:
            yield self._begin(self._schedule.first_epoch(int(numbers[0])), ctx)
        # On a large site most windows end here.
        if self._is_sampled(texts[0] or ""):
            window = SessionWindow.from_crossing(numbers, texts)
            self._arrivals.add(_encoder.encode(_to_state(window)).decode())

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Row]:
        sample = self._restore()
        arrived = [_arrived.decode(text) for text in self._arrivals.get()]
        due = [_from_state(window) for window in arrived if window.end_ms <= timestamp]
        early = [window for window in arrived if window.end_ms > timestamp]
        in_force_ms = self._schedule.boundary_ms(self._epoch - 1) + self._schedule.lead_ms
        cards = sample.end_epoch(due, in_force_ms)
        yield _record(CardMessage(self._epoch, "made", [card.to_json() for card in cards]))
        self._sample_state.update(_encoder.encode(sample.to_json()).decode())
        self._ranks, self._largest = {}, []
        for window in early:
            self._is_sampled(window.session)
        self._arrivals.update([_encoder.encode(window).decode() for window in early])
        if early:
            yield self._begin(self._schedule.first_epoch(min(window.end_ms for window in early)), ctx)
        else:
            # Nobody is there. The next window begins anew, however many epochs later that is.
            self._epoch = NO_EPOCH
            self._epoch_state.clear()

    def _begin(self, epoch: int, ctx: Any) -> Row:
        """Waits for the end of `epoch`; returns the record that says so."""
        self._epoch = epoch
        self._epoch_state.update(epoch)
        # At the end of a bounded topic time ends too: a timer set then would fire at once, and set the next.
        if ctx.timer_service().current_watermark() < MAX_WATERMARK:
            ctx.timer_service().register_event_time_timer(self._schedule.boundary_ms(epoch))
        return _record(CardMessage(epoch, "begins"))

    def _restore(self) -> SiteSample:
        """The sample, from state after a restart."""
        if self._sample is None:
            text = self._sample_state.value()
            self._sample = SiteSample() if text is None else SiteSample.from_json(msgspec.json.decode(text))
            epoch = self._epoch_state.value()
            self._epoch = NO_EPOCH if epoch is None else epoch
            for stored in self._arrivals.get():
                self._is_sampled(_arrived.decode(stored).session)
        return self._sample

    def _is_sampled(self, session: str) -> bool:
        """Whether the session's rank is among the smallest of this epoch so far. Who is among the smallest at its end has
        been so all the time, so that none of its windows is missing then."""
        ranks = self._ranks
        if session not in ranks:
            rank = rank_of(session)
            if len(ranks) >= MAX_SAMPLED:
                if rank > -self._largest[0][0]:
                    return False
                _, replaced = heappop(self._largest)
                del ranks[replaced]
            ranks[session] = rank
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
        [None if each != each else each for each in window.values],
        [int(each) for each in window.wholes],
    )


def _from_state(window: ArrivedWindow) -> SampledWindow:
    values = [_NAN if each is None else each for each in window.values]
    told = msgspec.structs.astuple(window)[:-2]
    return SampledWindow(*told, values, window.wholes)  # type: ignore[call-arg]
