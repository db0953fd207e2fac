"""Runs rules over recorded events through the job's operators, in event time."""

import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from infra.backtest.crossing import content_row, event_row, section_row, session_row, site_row, site_sums
from infra.backtest.memory_flink import MemoryOperator
from infra.backtest.recorded_events import LATENESS_MS, SLACK_MS
from infra.simulate.arbitration import DEFAULT_BUDGETS
from infra.simulate.reference_sections import MINUTE, section_minutes, section_ms
from infra.simulate.reference_windows import SLICE_MS, WINDOW_MS, Slice, content_minute, session_minute
from models.isolation_forest.schedule import RefitSchedule
from models.judgement.card_registry import LEAD_MS
from models.judgement.site_scores import SITE_SCHEDULE
from models.judgement.site_statistics import CARD_MS
from models.model_store import StoredModel
from schemas.control_acks import ControlAck
from schemas.events import CROSSING_TYPES, Event
from schemas.rules import Rule
from udfs.arbiter import ArbiterFunction
from udfs.crossing_rows import SITE_KEY, content_key, session_key
from udfs.event_commands import EventCommands
from udfs.forest_refit import ForestRefit
from udfs.metrics import FAILED_EVALUATIONS
from udfs.side_outputs import CONTROL_ACKS
from udfs.site_cards import SiteCards
from udfs.site_stream import SiteStreams
from udfs.window_commands import WindowCommands

SLICES: Final = WINDOW_MS // SLICE_MS
TRAIL_MS: Final = 210_000
"""Event time goes on so long after the last event, as in a replay."""

QUIET_MS: Final = 6 * 3_600_000
"""After so long without events no session goes on, nothing is in force, and no rule looks."""

WAIT_MS: Final = LATENESS_MS + SLACK_MS
"""So far the watermark stays behind what is received."""

REFIT_MIN: Final = 30
REFIT_LEAD_S: Final = 300
"""The job's defaults."""

_FAILURES: Final = re.compile(rf"rule\.(.*)\.{FAILED_EVALUATIONS}")

Progress = Callable[[int, int], None]
"""Told how many slices of how many are done."""


@dataclass
class Decided:
    """What the rules led to, as records (key, value) of adjustments.v1 and proposals.v1.

    `failures` says of rules whose expressions could not be evaluated how often, and why first.
    """

    commands: list[tuple[bytes, bytes]] = field(default_factory=list)
    proposals: list[tuple[bytes, bytes]] = field(default_factory=list)
    failures: dict[str, tuple[int, str | None]] = field(default_factory=dict)


class BacktestJob:
    """The operators of the adjust job, one subtask each, wired as `jobs/graph.py` wires them."""

    def __init__(self, rules: tuple[Rule, ...], forest: StoredModel) -> None:
        refits, cards = RefitSchedule(REFIT_MIN * 60_000, REFIT_LEAD_S * 1000), RefitSchedule(CARD_MS, LEAD_MS)
        self.decided = Decided()
        self._reasons: dict[str, str] = {}
        self._site = MemoryOperator(SiteCards(cards.every_ms, cards.lead_ms, False))
        self._refit = MemoryOperator(ForestRefit(refits.every_ms, refits.lead_ms, False))
        self._windows = MemoryOperator(
            WindowCommands(
                rules,
                forest.artefact,
                forest.card,
                refits,
                cards,
                WINDOW_MS,
                SLICE_MS,
                False,
                False,
                site_schedule=SITE_SCHEDULE,
            )
        )
        self._site_minutes = MemoryOperator(SiteStreams(False))
        self._events = MemoryOperator(EventCommands(rules, WAIT_MS, False))
        self._arbiter = MemoryOperator(ArbiterFunction(DEFAULT_BUDGETS, True, False))

    def on_content(self, content_id: str, item: bytes, written_ms: int) -> None:
        """Tells the operators what a content item has, as content.v1 does."""
        row = ("content", content_id, f"{written_ms} {item.decode('utf-8', 'replace')}")
        for operator in (self._windows, self._events):
            operator.broadcast(row)

    def on_event(self, event: Event) -> None:
        self._decide(self._events.send(session_key(event.session_id), event_row(event)))

    def on_windows(self, end_ms: int, cells: Sequence[tuple[str, str | None, Slice]]) -> None:
        """Hands over the windows that end then, made of these cells of session and content."""
        by_session: dict[str, list[tuple[str | None, Slice]]] = defaultdict(list)
        by_content: dict[str, list[tuple[str, Slice]]] = defaultdict(list)
        for session, content, cell in cells:
            by_session[session].append((content, cell))
            if content is not None:
                by_content[content].append((session, cell))
        minutes = {session: session_minute(own, end_ms) for session, own in by_session.items()}
        for session, now in minutes.items():
            sampled = session_row(session, now, None)
            self._control(self._site.send("site", sampled))
            if end_ms % WINDOW_MS == 0:
                self._control(self._refit.send(now.main_type or "", sampled))
        site = site_sums(list(minutes.values()))
        if end_ms % WINDOW_MS == 0:
            self._control(self._site_minutes.send(SITE_KEY, site_row(end_ms, site)))
        for session, now in minutes.items():
            self._decide(self._windows.send(session_key(session), session_row(session, now, site)))
        for content, readers in by_content.items():
            row = content_row(content, end_ms, content_minute(readers, end_ms))
            self._decide(self._windows.send(content_key(content), row))

    def on_sections(self, events: Iterable[Event]) -> None:
        """Hands over a minute of the sections that were seen in these events."""
        for minute in section_minutes(events):
            self._decide(self._windows.send(content_key(minute.content_id), section_row(minute)))

    def advance(self, watermark: int) -> None:
        """Lets event time pass; everything of before has been handed over."""
        self._control(self._site.advance(watermark))
        self._control(self._site_minutes.advance(watermark))
        self._control(self._refit.advance(watermark))
        self._decide(self._windows.advance(watermark))
        self._decide(self._events.advance(watermark))
        self._keep(self._arbiter.advance(watermark))

    def _control(self, rows: Iterable[Any]) -> None:
        for row in rows:
            self._windows.broadcast(row)

    def _decide(self, proposed: Iterable[Any]) -> None:
        """Hands proposals to the arbiter. Of what the operators tell on the side, only failures of rules are of interest here."""
        for each in proposed:
            if not isinstance(each, tuple):
                self._keep(self._arbiter.send(each[0], each[1]))
            elif each[0] is CONTROL_ACKS:
                ack = msgspec.json.decode(each[1][1], type=ControlAck)
                if ack.refused is not None:
                    self._reasons.setdefault(ack.id, ack.refused)

    def count_failures(self) -> None:
        """Enters into what was decided how often rules could not be evaluated."""
        for operator in (self._windows, self._events):
            for name, count in operator.counters.items():
                if found := _FAILURES.fullmatch(name):
                    before = self.decided.failures.get(found[1], (0, None))[0]
                    self.decided.failures[found[1]] = (before + count, self._reasons.get(found[1]))

    def _keep(self, decided: Iterable[Any]) -> None:
        for each in decided:
            if isinstance(each, tuple):
                self.decided.proposals.append((each[1][0], each[1][1]))
            else:
                self.decided.commands.append((each[0], each[1]))


def run(
    events: Iterable[Event], job: BacktestJob, until_ms: int | None = None, progress: Progress = lambda _, __: None
) -> Decided:
    """Runs events, in order of arrival, through the job. `until_ms` is the last watermark, `TRAIL_MS` after the last event by
    default."""
    slices: dict[int, dict[tuple[str, str | None], Slice]] = defaultdict(lambda: defaultdict(Slice))
    triggers: deque[tuple[int, Event]] = deque()
    seen: dict[int, list[Event]] = defaultdict(list)
    """Events that tell of sections, by the end of their minute."""
    last_ms = 0
    for event in events:
        last_ms = max(last_ms, event.received_at_ms)
        slices[event.occurred_at_ms // SLICE_MS * SLICE_MS][event.session_id, event.content_id].add(event)
        if event.type in CROSSING_TYPES:
            triggers.append((last_ms, event))
        if section_ms(event) is not None:
            seen[event.occurred_at_ms // MINUTE * MINUTE + MINUTE].append(event)
    if not slices:
        return job.decided
    last_watermark = last_ms + TRAIL_MS if until_ms is None else until_ms
    ends = window_ends(sorted(slices), last_watermark // SLICE_MS * SLICE_MS + SLICE_MS)
    for number, end_ms in enumerate(ends):
        # As they come: before the watermark reaches the end of the window.
        while triggers and triggers[0][0] - WAIT_MS < end_ms - 1:
            job.on_event(triggers.popleft()[1])
        # Flink ends a window when the watermark is at its last millisecond.
        if end_ms - 1 <= last_watermark:
            cells = _cells(slices, end_ms)
            if cells:
                job.on_windows(end_ms, cells)
            slices.pop(end_ms - WINDOW_MS, None)
            job.on_sections(seen.pop(end_ms, ()))
        job.advance(min(end_ms, last_watermark))
        progress(number + 1, len(ends))
    for _, event in triggers:
        job.on_event(event)
    job.count_failures()
    return job.decided


def window_ends(starts: Sequence[int], last_ms: int) -> list[int]:
    """The ends of windows up to `last_ms`. `starts` are the slices that have events, in order; between two of them that are more
    than `QUIET_MS` apart nothing happens any more after that time, and event time goes on to the next at once.

    >>> window_ends([0, 20_000], 40_000)
    [10000, 20000, 30000, 40000]
    """
    ends: list[int] = []
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        quiet_ms = last_ms if following is None else min(following, start + QUIET_MS)
        ends += range(start + SLICE_MS, quiet_ms + 1, SLICE_MS)
    return ends


def _cells(slices: dict[int, dict[tuple[str, str | None], Slice]], end_ms: int) -> list[tuple[str, str | None, Slice]]:
    starts = [start for start in range(end_ms - WINDOW_MS, end_ms, SLICE_MS) if start in slices]
    return [(*key, slices[start][key]) for start in starts for key in slices[start]]
