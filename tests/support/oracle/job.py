"""The job once more, in plain Python over a list: what the stream must answer to a recording, whatever happens to it.

Windows, peers, lateness, repeats and silence are computed here on their own, without SQL, Flink, timers or state.
Scores and rules come from `models`, whose own tests hold them to numpy and scikit-learn.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import Any

from infra.simulate.reference_windows import (
    NAN,
    PASSIVE_TYPES,
    SLICE_MS,
    WINDOW_MS,
    SessionMinute,
    Slice,
    Slices,
    session_minute,
    slices_of,
    total,
    windows,
)
from models.detectors.baselines import Baselines
from models.detectors.categories import CategoryBaselines
from models.detectors.peers import z_scores
from models.features import CONTENT_NAMES, SESSION_FEATURES, SESSION_NAMES
from models.isolation_forest.registry import to_feature_row
from models.isolation_forest.scorer import ForestScorer
from models.model_store import StoredModel
from models.recent_clicks import Click, append_click, clicks_within, rank_by_decay
from models.rules.evaluation import RuleSet, Subject, evaluate_rules
from models.rules.signals import LazyScore, Signals
from models.state_records import DecisionState
from schemas.commands import AdjustmentCommand, Target, encode
from schemas.event_validation import validate_record
from schemas.events import FAST_TYPES, Event
from schemas.rejects import ValidationFailure
from schemas.rules import Rule

_RANKED = {"$recent_contents": "content_id", "$recent_types": "content_type"}
LATENESS, HALF_HOUR, FAR = 2_000, 1_800_000, 2**62


@dataclass
class Answer:
    """What came of a recording."""

    commands: dict[str, bytes]
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
    gestures = [event for event in kept if event.type in FAST_TYPES]
    duplicates = sum(cell.repeats for cells in slices.values() for cell in cells.values())
    rule_set = RuleSet(rules)
    found = [
        *_session_commands(slices, rule_set, model, until_ms),
        *_content_commands(slices, rule_set, until_ms),
        *_event_commands(gestures, rule_set),
    ]
    return Answer({each.command_id: encode(each) for each in found}, late, rejected, len(kept) - duplicates, duplicates)


def _peers(minutes: dict[str, SessionMinute]) -> list[tuple[int, int, int]]:
    """Count, sum and sum of squares of each feature over the sessions of one window, in whole numbers."""
    sums = []
    for feature in SESSION_FEATURES:
        known = [each.values[feature.name] for each in minutes.values()]
        whole = [int(min(value * feature.scale, 1e6) + 0.5) for value in known if value == value]
        sums.append((len(whole), sum(whole), sum(value * value for value in whole)))
    return sums


def _statistics(past: list[list[tuple[int, int, int]]]) -> tuple[list[float], list[float], float]:
    means, spreads = [], []
    for i, feature in enumerate(SESSION_FEATURES):
        n, s, q = (float(sum(window[i][part] for window in past)) for part in range(3))
        means.append(s / n / feature.scale if n > 1 else NAN)
        spreads.append(sqrt(max(n * q - s * s, 0.0) / (n * (n - 1))) / feature.scale if n > 1 else NAN)
    return means, spreads, float(sum(window[0][0] for window in past))


class Reader:
    """What is remembered of one session."""

    def __init__(self) -> None:
        self.baselines = Baselines(len(SESSION_NAMES))
        self.categories = CategoryBaselines()
        self.memory = DecisionState()
        self.first = self.acted = self.last = self.hidden = self.looked = 0

    def filled(self) -> int:
        return self.last // SLICE_MS * SLICE_MS + WINDOW_MS


def _session_commands(slices: Slices, rule_set: RuleSet, model: StoredModel, until: int) -> Iterator[AdjustmentCommand]:
    scorer = ForestScorer(model.artefact)
    readers: dict[str, Reader] = {}
    history: dict[int, list[tuple[int, int, int]]] = {}
    for end, cells in windows(slices, until):
        by_session: dict[str, list[tuple[str | None, Slice]]] = defaultdict(list)
        for session, content, cell in cells:
            by_session[session].append((content, cell))
        minutes = {session: session_minute(own, end) for session, own in by_session.items()}
        past = [sums for then, sums in history.items() if end - 900_000 <= then < end]
        means, spreads, compared = _statistics(past)
        history[end] = _peers(minutes)
        for session, now in minutes.items():
            times = [event.occurred_at_ms for event in now.events]
            reader = readers.get(session)
            if reader is not None:
                yield from _silence(session, reader, min(end - 1, until), rule_set)
                if min(times) - reader.last >= HALF_HOUR:
                    reader = None
            if reader is None:
                reader = readers[session] = Reader()
                reader.first = reader.acted = min(times)
            reader.first = min(reader.first, *times)
            reader.last = max(reader.last, *times)
            reader.acted = max([reader.acted, *(e.occurred_at_ms for e in now.events if e.type not in PASSIVE_TYPES)])
            reader.hidden = max([reader.hidden, *(e.occurred_at_ms for e in now.events if e.type == "page_hide")])
            signals, values = _signals(reader, end), [now.values[each] for each in SESSION_NAMES]
            whole = end - reader.first >= WINDOW_MS
            signals.values, signals.z_self = values, reader.baselines.score_and_update(values, learn=whole)
            signals.baselines = reader.baselines
            signals.peer_means, signals.z_peers = means, z_scores(values, means, spreads, compared)
            rise = None
            if whole and (now.engaged or reader.categories.entries):
                rise = reader.categories.score_and_update(now.engaged, end)
                if rise is not None:
                    signals.scalars["category_rise_z"] = rise.z
            row = to_feature_row(values)
            signals.scores["isolation_forest"] = LazyScore(
                partial(scorer.score, row), model.card.threshold, partial(_strongest, scorer, row)
            )
            devices = [e.context.device for e in now.events if e.context and e.context.device]
            signals.attributes = {"device": max(devices, default=None), "content_type": now.main_type}
            users = [event.user_id for event in now.events if event.user_id is not None]
            subject = Subject(Target("session", session), session, max(users, default=None), now.content_id)
            fill = {"$category": rise.category if rise else None, "$content_id": now.content_id}.get
            yield from _decide(rule_set, "session_window", reader.memory, signals, subject, end, f"window:{end}", fill)
    for session, reader in readers.items():
        yield from _silence(session, reader, until, rule_set)


def _signals(reader: Reader, end: int) -> Signals:
    reader.looked = end
    signals = Signals(window_start_ms=end - WINDOW_MS, window_end_ms=end)
    if reader.hidden <= reader.acted:
        signals.scalars["silence_ms"] = float(end - reader.acted)
    signals.scalars["session_age_ms"] = float(end - reader.first)
    return signals


def _strongest(scorer: ForestScorer, row: Any) -> dict[str, float]:
    parts = zip(SESSION_NAMES, scorer.explain(row)[1], strict=True)
    return dict(sorted(parts, key=lambda pair: (-pair[1], pair[0]))[:3])


def _silence(session: str, reader: Reader, until: int, rule_set: RuleSet) -> Iterator[AdjustmentCommand]:
    """Two minutes of windows in which nothing happens any more."""
    if reader.hidden > reader.acted:
        return
    for end in range(reader.filled() + SLICE_MS, min(until, reader.filled() + 12 * SLICE_MS) + 1, SLICE_MS):
        if end <= reader.looked:
            continue
        signals = _signals(reader, end)
        values = [session_minute([], end).values[name] for name in SESSION_NAMES]
        signals.values, signals.z_self = values, reader.baselines.score_and_update(values, learn=False)
        signals.baselines, signals.z_peers = reader.baselines, [None] * len(values)
        subject = Subject(Target("session", session), session, None, None)
        yield from _decide(rule_set, "session_window", reader.memory, signals, subject, end, f"window:{end}", {}.get)


def _content_commands(slices: Slices, rule_set: RuleSet, until: int) -> Iterator[AdjustmentCommand]:
    known: dict[str, tuple[Baselines, DecisionState]] = {}
    for end, cells in windows(slices, until):
        by_content: dict[str, list[Slice]] = defaultdict(list)
        for _, content, cell in cells:
            if content is not None:
                by_content[content].append(cell)
        for content, own in by_content.items():
            events = [event for cell in own for event in cell.events]
            gestures = [event for cell in own for event in cell.gestures.values()]
            left = [event for event in events if event.type == "page_hide"]
            depths = [
                max(int(e.value * 10000) for e in cell.events if e.type == "scroll" and e.value is not None)
                for cell in own
                if any(e.type == "scroll" and e.value is not None for e in cell.events)
            ]
            values = {
                "readers": sum(bool(cell.events) for cell in own) / 6,
                "engaged_ms": total(events, "heartbeat"),
                "depth": sum(depths) / len(depths) / 1e4 if depths else NAN,
                "exits": len(left),
                "rapid_exits": sum(event.value is not None and event.value <= 10_000 for event in left),
                "clicks": sum(event.type == "click" for event in gestures),
            }
            baselines, memory = known.setdefault(content, (Baselines(len(CONTENT_NAMES)), DecisionState()))
            row = [float(values[name]) for name in CONTENT_NAMES]
            signals = Signals(values=row, z_self=baselines.score_and_update(row), baselines=baselines)
            signals.window_start_ms, signals.window_end_ms = end - WINDOW_MS, end
            kinds = [event.content_type for event in (*events, *gestures) if event.content_type is not None]
            signals.attributes["content_type"] = max(kinds, default=None)
            subject = Subject(Target("content", content), None, None, content)
            fill = {"$content_id": content}.get
            yield from _decide(rule_set, "content_window", memory, signals, subject, end, f"window:{end}", fill)


def _event_commands(gestures: list[Event], rule_set: RuleSet) -> Iterator[AdjustmentCommand]:
    ids: dict[str, list[str]] = defaultdict(list)
    clicked: dict[str, list[Click]] = defaultdict(list)
    memories: dict[str, DecisionState] = defaultdict(DecisionState)
    for event in gestures:
        at, session = min(event.occurred_at_ms, event.received_at_ms), event.session_id
        if event.event_id in ids[session][-32:]:
            continue
        ids[session].append(event.event_id)
        if event.type == "click":
            chosen = event.placement == "recommended"
            click = Click(at, event.content_id or "", event.content_type or "", chosen)
            clicked[session] = append_click(clicked[session], click)
        lately = clicks_within(clicked[session], at)
        context = event.context
        numbers = {
            "recent_clicks": len(lately),
            "recent_recommended_clicks": sum(click.recommended for click in lately),
            "rating": event.value if event.type == "feedback" else None,
            "rtt_ms": context.rtt_ms if context else None,
            "downlink_kbps": context.downlink_kbps if context else None,
            "save_data": context.save_data if context else None,
        }
        signals = Signals(scalars={name: float(value) for name, value in numbers.items() if value is not None})
        signals.attributes = {
            "event.type": event.type,
            "event.placement": event.placement,
            "event.element": event.element,
        }
        signals.attributes["event.content_type"] = event.content_type
        for name in ("device", "country", "language"):
            signals.attributes[name] = getattr(context, name) if context else None
        subject = Subject(Target("session", session), session, event.user_id, event.content_id)

        def resolve_placeholder(name: str, at: int = at, lately: list[Click] = lately, event: Event = event) -> Any:
            return event.content_id if name == "$content_id" else rank_by_decay(lately, at, _RANKED[name])

        trigger = f"event:{event.event_id}"
        yield from _decide(rule_set, "event", memories[session], signals, subject, at, trigger, resolve_placeholder)


def _decide(
    rule_set: RuleSet, lane: Any, memory: DecisionState, signals: Signals, *rest: Any
) -> list[AdjustmentCommand]:
    subject, at, trigger, fill = rest
    return evaluate_rules(rule_set.lane(lane), signals, lambda: subject, memory, at, trigger, fill)[0]
