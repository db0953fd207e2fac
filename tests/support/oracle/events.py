"""The event lane once more: recent clicks, own counters, sequences and silences, recomputed at each event."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from models.arbitration.proposed_change import ProposedChange
from models.recent_clicks import Click, append_click, clicks_within, rank_by_decay
from models.rules.compiled import CompiledRule
from models.rules.evaluation import Moment, RuleSet, Subject, evaluate_rules
from models.rules.held_causes import renewals
from models.rules.matchers import EventMatcher
from models.rules.signals import Signals
from models.state_records import DecisionState
from schemas.commands import Target
from schemas.events import COUNTED_TYPES, FAST_TYPES, Event
from tests.support.oracle.context import add_context
from tests.support.oracle.feedback import Said
from tests.support.oracle.own_events import OwnEvents

_RANKED = {"$recent_contents": "content_id", "$recent_types": "content_type"}
HALF_HOUR = 1_800_000


def event_changes(crossing: Sequence[Event], rule_set: RuleSet, until_ms: int) -> Iterator[ProposedChange]:
    """What lane event proposes to events in the order of the topic."""
    event_rules = rule_set.lane("event")
    own_rules = [each for each in event_rules if each.counters or each.sequence]
    types = {each for rule in own_rules for matcher in _matchers(rule) for each in matcher.types}
    named = {each.id: _named_types(each) for each in event_rules}
    types |= {each for found in named.values() for each in found}
    asked = [each for each in event_rules if each in own_rules or named[each.id]]
    own: dict[str, OwnEvents] = defaultdict(OwnEvents)
    ids: dict[str, list[str]] = defaultdict(list)
    clicked: dict[str, list[Click]] = defaultdict(list)
    memories: dict[str, DecisionState] = defaultdict(DecisionState)
    said: dict[str, Said] = defaultdict(Said)
    began: dict[str, int] = {}
    latest: dict[str, int] = defaultdict(int)
    for event in crossing:
        if event.type not in FAST_TYPES and event.type not in types:
            continue
        at, session = min(event.occurred_at_ms, event.received_at_ms), event.session_id
        yield from renewals(event_rules, memories[session], min(at, latest[session] + HALF_HOUR - 1))
        if session in began and at - latest[session] >= HALF_HOUR:
            yield from own[session].silences(own_rules, at)
            for each in (began, ids, clicked, memories, latest, own):
                each.pop(session, None)
        if event.event_id in ids[session][-32:]:
            continue
        ids[session].append(event.event_id)
        began.setdefault(session, at)
        latest[session] = max(latest[session], at)
        if event.type == "click":
            chosen = event.placement == "recommended"
            click = Click(at, event.content_id or "", event.content_type or "", chosen)
            clicked[session] = append_click(clicked[session], click)
        lately = clicks_within(clicked[session], at)
        context = event.context
        said[session].add(event, at)
        numbers = {
            "recent_clicks": len(lately),
            "recent_recommended_clicks": sum(click.recommended for click in lately),
            "rating": event.value if event.type == "feedback" else None,
        }
        signals = Signals(scalars={name: float(value) for name, value in numbers.items() if value is not None})
        signals.scalars.update(said[session].numbers(at, clicked[session]))
        signals.attributes = {
            "event.type": event.type,
            "event.placement": event.placement,
            "event.element": event.element,
        }
        signals.attributes["event.content_type"] = event.content_type
        signals.attributes["event.page_url"] = event.page_url
        add_context(signals, context.device if context else None, context)
        subject = Subject(Target("session", session), session, event.user_id, event.content_id)

        def resolve_placeholder(name: str, at: int = at, lately: list[Click] = lately, event: Event = event) -> Any:
            return event.content_id if name == "$content_id" else rank_by_decay(lately, at, _RANKED[name])

        about = (subject, resolve_placeholder, began[session])
        own[session].on_event(event, at, own_rules, signals, about)
        rules = event_rules if event.type in FAST_TYPES else asked
        moment = Moment(at, f"event:{event.event_id}", began[session])
        yield from decide(rules, memories[session], signals, subject, moment, resolve_placeholder)
    for session, memory in memories.items():
        yield from renewals(event_rules, memory, min(until_ms, latest[session] + HALF_HOUR - 1))
    for remembered in own.values():
        yield from remembered.silences(own_rules, until_ms)


def _named_types(rule: CompiledRule) -> set[str]:
    conditions = [each for each in rule.rule.when if each.event == "type"]
    return {each for one in conditions for each in (one.equals, *(one.among or ())) if each in COUNTED_TYPES}


def _matchers(rule: CompiledRule) -> list[EventMatcher]:
    return [each.matcher for each in rule.counters] + (rule.sequence.matchers if rule.sequence else [])


def decide(rules: Sequence[CompiledRule], memory: DecisionState, signals: Signals, *rest: Any) -> list[ProposedChange]:
    """What rules propose to signals."""
    subject, moment, fill = rest
    return evaluate_rules(rules, signals, lambda: subject, memory, moment, fill)[0]
