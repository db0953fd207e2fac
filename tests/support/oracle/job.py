"""The job once more, in plain Python over a list: what the stream must answer to a recording, whatever happens to it.

Windows, site totals, lateness, repeats and silence are computed here on their own, without SQL, Flink, timers or state.
Scores and rules come from `models`, whose own tests hold them to numpy and scikit-learn.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import exp
from statistics import NormalDist
from typing import Any

from infra.simulate.arbitration import decide_all
from infra.simulate.reference_windows import (
    SLICE_MS,
    WINDOW_MS,
    SessionMinute,
    Slice,
    Slices,
    content_minute,
    session_minute,
    slices_of,
    windows,
)
from models.arbitration.proposed_change import ProposedChange
from models.features import CONTENT_NAMES, FOREST_FEATURES, SESSION_NAMES
from models.isolation_forest.registry import to_feature_row
from models.isolation_forest.scorer import ForestScorer
from models.judgement.card_registry import LEAD_MS
from models.judgement.content_readings import ContentReadings
from models.judgement.judged_content import JudgedContent
from models.judgement.judged_session import JudgedSession
from models.judgement.layout import HABIT_NAMES
from models.judgement.session_readings import SessionReadings
from models.judgement.site_card import SiteCard, SiteView, shipped_card
from models.judgement.site_level import site_level
from models.judgement.site_sample import SampledWindow, SiteSample, half_of
from models.judgement.site_statistics import CARD_MS
from models.model_store import StoredModel
from models.rules.evaluation import Moment, RuleSet, Subject
from models.rules.signals import LazyScore, Signals
from models.state_records import DecisionState
from schemas.commands import Target, encode
from schemas.event_validation import validate_record
from schemas.events import CROSSING_TYPES, Context, Event
from schemas.proposals import encode_proposal
from schemas.rejects import ValidationFailure
from schemas.rules import Rule
from tests.support.oracle.context import add_context
from tests.support.oracle.events import HALF_HOUR, decide, event_changes
from tests.support.oracle.sections import section_attention
from udfs.crossing_rows import MAX_LEAVERS, ContentWindow

LATENESS, FAR = 2_000, 2**62


@dataclass
class Answer:
    """What came of a recording."""

    commands: dict[str, bytes]
    proposals: dict[str, bytes]
    late: int
    rejected: list[ValidationFailure]
    used: int
    duplicates: int


def answer(
    records: Iterable[bytes], rules: Sequence[Rule], model: StoredModel, now_ms: int, until_ms: int = FAR
) -> Answer:
    """`records` in the order of the topic; `until_ms` is the last watermark."""
    kept: list[Event] = []
    rejected, late = [], 0
    for record in records:
        event = validate_record(record, now_ms)
        if isinstance(event, ValidationFailure):
            rejected.append(event)
        elif event.type == "tick":
            continue
        elif event.occurred_at_ms < event.received_at_ms - LATENESS:
            late += 1
        else:
            kept.append(event)
    slices = slices_of(kept)
    crossing = [event for event in kept if event.type in CROSSING_TYPES]
    duplicates = sum(cell.repeats for cells in slices.values() for cell in cells.values())
    rule_set = RuleSet(rules)
    changes = [
        *_session_changes(slices, rule_set, model, until_ms),
        *_content_changes(slices, rule_set, until_ms),
        *_section_changes(kept, rule_set, until_ms),
        *event_changes(crossing, rule_set, until_ms),
    ]
    typed = [
        (each.session_id, min(each.occurred_at_ms, each.received_at_ms))
        for each in crossing
        if each.type == "custom" and each.element == "adjust-typing"
    ]
    decided = decide_all(changes, until_ms, typed=typed)
    return Answer(
        {each.command_id: encode(each) for each in decided.commands},
        {each.proposal_id: encode_proposal(each) for each in decided.proposals},
        late,
        rejected,
        len(kept) - duplicates,
        duplicates,
    )


class Site:
    """The site's cards, made epoch by epoch from windows of all sessions."""

    def __init__(self, every_ms: int = CARD_MS, lead_ms: int = LEAD_MS) -> None:
        self._every, self._lead = every_ms, lead_ms
        self._sample = SiteSample()
        self._cards: dict[int, list[SiteCard]] = {}
        self._arrived: dict[int, list[SampledWindow]] = defaultdict(list)

    def add(self, window: SampledWindow) -> None:
        self._arrived[-(-window.end_ms // self._every)].append(window)

    def card(self, session: str, end: int) -> SiteCard:
        """The card that judges a window; windows have been added in order of their end."""
        epoch = (end - self._lead) // self._every
        for due in sorted(each for each in self._arrived if each <= epoch):
            in_force = (due - 1) * self._every + self._lead
            self._cards[due] = self._sample.end_epoch(self._arrived.pop(due), in_force)
        made = [each for each in self._cards if each <= epoch]
        return self._cards[max(made)][half_of(session)] if made else shipped_card()


class Reader:
    """What is remembered of one session."""

    def __init__(self) -> None:
        self.judged = JudgedSession()
        self.memory = DecisionState()
        self.first = self.acted = self.last = self.hidden = self.looked = 0
        self.device: str | None = None
        self.context: Context | None = None
        self.type: str | None = None

    def filled(self) -> int:
        return self.last // SLICE_MS * SLICE_MS + WINDOW_MS


def _session_changes(slices: Slices, rule_set: RuleSet, model: StoredModel, until: int) -> Iterator[ProposedChange]:
    scorer = ForestScorer(model.artefact)
    readers: dict[str, Reader] = {}
    site = Site()
    for end, cells in windows(slices, until):
        by_session: dict[str, list[tuple[str | None, Slice]]] = defaultdict(list)
        for session, content, cell in cells:
            by_session[session].append((content, cell))
        minutes = {session: session_minute(own, end) for session, own in by_session.items()}
        totals = [sum(now.wholes[name] for now in minutes.values()) for name in HABIT_NAMES]
        active_ms = float(sum(now.active_slices for now in minutes.values()) * SLICE_MS)
        for session, now in minutes.items():
            site.add(_sampled(session, now))
        for session, now in minutes.items():
            reader = readers.get(session)
            if reader is not None:
                yield from _silence(session, reader, min(end - 1, until), rule_set, site)
                if now.first_ms - reader.last >= HALF_HOUR:
                    reader = None
            if reader is None:
                reader = readers[session] = Reader()
                reader.first = reader.acted = now.first_ms
            reader.first = min(reader.first, now.first_ms)
            reader.last = max(reader.last, now.last_ms)
            reader.acted = max(reader.acted, now.interacted_ms or 0)
            reader.hidden = max(reader.hidden, now.hidden_ms or 0)
            devices = [e.context.device for e in now.events if e.context and e.context.device]
            device = max(devices, default=None)
            reader.device, reader.type = device or reader.device, now.main_type or reader.type
            told = [e for e in now.events if e.type == "context"]
            if told:
                reader.context = max(told, key=lambda e: e.occurred_at_ms).context or Context()
            card = site.card(session, end)
            level = site_level(totals, active_ms, card)
            view = SiteView(card, level, level)
            at_break = _is_at_break(now, end, reader.judged.judgement.hidden)
            reader.judged.on_window(_sampled(session, now), view)
            signals = _signals(reader, end, view, [now.values[name] for name in SESSION_NAMES], now.wholes)
            signals.scalars["at_break"] = float(at_break)
            row = to_feature_row(signals.values)
            if now.active_slices >= 5:  # of six; with fewer the window is a part of a minute
                signals.scores["isolation_forest"] = LazyScore(
                    partial(scorer.score, row), model.card.threshold, partial(_strongest, scorer, row)
                )
            signals.attributes = {"device": device, "content_type": now.main_type}
            add_context(signals, device, reader.context)
            last_ms = max(event.occurred_at_ms for event in now.events)
            # Who signs out is not named by what came before.
            users = [e.user_id for e in now.events if e.occurred_at_ms == last_ms and e.user_id is not None]
            subject = Subject(Target("session", session), session, max(users, default=None), now.content_id)
            found = reader.judged.judgement.newest_type()
            category = found.content_type if found and "category_nats" in signals.scalars else None
            fill = {"$category": category, "$content_id": now.content_id}.get
            moment = Moment(end, f"window:{end}", reader.first)
            yield from decide(rule_set.lane("session_window"), reader.memory, signals, subject, moment, fill)
    for session, reader in readers.items():
        yield from _silence(session, reader, until, rule_set, site)


def _sampled(session: str, now: SessionMinute) -> SampledWindow:
    return SampledWindow(
        session,
        now.end_ms,
        now.newest_first_ms,
        now.acted_first_ms,
        now.interacted_ms,
        now.last_ms,
        now.hidden_ms,
        now.page_depth,
        now.opened,
        now.active_slices,
        [now.values[name] for name in SESSION_NAMES],
        [now.wholes[name] for name in HABIT_NAMES],
    )


def _signals(reader: Reader, end: int, view: SiteView, values: Sequence[float], wholes: Mapping[str, int]) -> Signals:
    reader.looked = end
    judged, session = reader.judged, reader.judged.judgement
    readings = SessionReadings(judged, view, values, [float(wholes[name]) for name in HABIT_NAMES])
    signals = Signals(values, readings, window_start_ms=end - WINDOW_MS, window_end_ms=end)
    signals.is_whole = judged.visible_ms >= 54_000
    scalars = signals.scalars
    scalars["session_age_ms"] = float(end - reader.first)
    scalars["coverage"] = min(judged.visible_ms / 60_000, 1.0)
    scalars["knows_presence"] = float(session.has_heartbeats)
    scalars["rapid_click_slices"] = float(session.rapid_slices)
    scalars["page_depth"] = session.depth
    since = session.recommended_ms if session.recommended_ms >= 0 else session.first_ms
    scalars["since_recommended_click_ms"] = float(max(0, end - since))
    found = session.newest_type()
    if found is not None and judged.newest is not None and judged.newest.opened:
        scalars["category_nats"], scalars["category_pages"] = found.nats, float(found.pages)
        scalars["category_rise_z"] = -NormalDist().inv_cdf(exp(-found.nats) / 2) if found.nats > 0 else 0.0
    if session.has_heartbeats:
        scalars["present_ms"] = float(judged.present_ms)
        if reader.hidden <= reader.acted:
            scalars["silence_ms"] = float(end - reader.acted)
        quiet = end - session.acted_ms
        is_silent = judged.newest is None and end - session.last_ms >= 20_000 and not session.hidden
        if is_silent and session.acted_ms >= 0 and quiet < 300_000:
            scalars["silence_by_bound"] = quiet / session.silence_bound_ms(view.card)
    return signals


def _is_at_break(now: SessionMinute, end: int, was_hidden: bool) -> bool:
    """A page was opened in the last ten seconds, the tab came back, or the end of the page was seen; and it is not hidden now."""
    newest = [event for event in now.events if event.occurred_at_ms >= end - SLICE_MS]
    if not newest or (now.hidden_ms is not None and now.hidden_ms == now.last_ms):
        return False
    opened = any(event.type == "page_view" and event.content_type for event in newest)
    returned = was_hidden and now.acted_first_ms is not None and now.acted_first_ms >= end - SLICE_MS
    return opened or returned or now.page_depth >= 0.95


def _strongest(scorer: ForestScorer, row: Any) -> dict[str, float]:
    parts = zip(FOREST_FEATURES, scorer.explain(row)[1], strict=True)
    return dict(sorted(parts, key=lambda pair: (-pair[1], pair[0]))[:3])


def _silence(session: str, reader: Reader, until: int, rule_set: RuleSet, site: Site) -> Iterator[ProposedChange]:
    """Three minutes of windows in which nothing happens any more."""
    if reader.hidden > reader.acted:
        return
    for end in range(reader.filled() + SLICE_MS, min(until, reader.filled() + 18 * SLICE_MS) + 1, SLICE_MS):
        if end <= reader.looked:
            continue
        card = site.card(session, end)
        view = SiteView(card, card.level, card.level)
        reader.judged.on_silent_window(end, view)
        empty = session_minute([], end)
        signals = _signals(reader, end, view, [empty.values[name] for name in SESSION_NAMES], empty.wholes)
        signals.scalars["at_break"] = 0.0
        signals.attributes = {"device": reader.device, "content_type": reader.type}
        add_context(signals, reader.device, reader.context)
        subject = Subject(Target("session", session), session, None, None)
        moment = Moment(end, f"window:{end}", reader.first)
        yield from decide(rule_set.lane("session_window"), reader.memory, signals, subject, moment, {}.get)


def _content_changes(slices: Slices, rule_set: RuleSet, until: int) -> Iterator[ProposedChange]:
    known: dict[str, tuple[JudgedContent, DecisionState]] = {}
    for end, cells in windows(slices, until):
        by_content: dict[str, list[tuple[str, Slice]]] = defaultdict(list)
        for session, content, cell in cells:
            if content is not None:
                by_content[content].append((session, cell))
        for content, own in by_content.items():
            now = content_minute(own, end)
            judged, memory = known.setdefault(content, (JudgedContent(), DecisionState()))
            row = [now.values[name] for name in CONTENT_NAMES]
            leavers = [zlib.crc32(session.encode()) for session in now.newly_left_rapidly]
            judged.on_window(
                ContentWindow(
                    end,
                    now.first_ms,
                    now.new_exits,
                    len(leavers),
                    now.reader_slices,
                    tuple(leavers) if len(leavers) <= MAX_LEAVERS else (),
                    content,
                    now.content_type,
                    row,
                )
            )
            signals = Signals(row, ContentReadings(judged, row), window_start_ms=end - WINDOW_MS, window_end_ms=end)
            signals.is_whole = end - judged.since_ms >= WINDOW_MS
            signals.attributes["content_type"] = now.content_type
            subject = Subject(Target("content", content), None, None, content)
            fill = {"$content_id": content}.get
            moment = Moment(end, f"window:{end}")
            yield from decide(rule_set.lane("content_window"), memory, signals, subject, moment, fill)


def _section_changes(kept: list[Event], rule_set: RuleSet, until: int) -> Iterator[ProposedChange]:
    memories: dict[str, DecisionState] = defaultdict(DecisionState)
    for content, end, content_type, found in section_attention(kept, until):
        signals = Signals(window_start_ms=end - WINDOW_MS, window_end_ms=end)
        names = ("passed_readers", "passed_share", "passed_share_elsewhere", "held_readers", "held_by_others")
        numbers = {name: getattr(found, name) for name in names}
        signals.scalars = {name: float(value) for name, value in numbers.items() if value is not None}
        signals.attributes["content_type"] = content_type
        subject = Subject(Target("content", content), None, None, content)
        fill = {
            "$content_id": content,
            "$passed_section": found.passed,
            "$held_section": found.held,
            "$sections_by_attention": list(found.by_attention),
        }.get
        moment = Moment(end, f"sections:{end}")
        yield from decide(rule_set.lane("content_section"), memories[content], signals, subject, moment, fill)
