"""What the rules in force ask about a session's own events, and how an event changes what is remembered for it."""

from collections.abc import Iterable, Mapping
from typing import Any

from models.rules.compiled import CompiledRule
from models.rules.event_log import LoggedEvent, Span, add_event, count_within, id_hash
from models.rules.matchers import EventMatcher
from models.rules.sequences import BEFORE_ALL, EventSequence
from models.state_records import OwnEventsState
from schemas.events import COUNTED_TYPES
from schemas.rules import Rule


class OwnEventsPlan:
    """The counters and sequences of the rules of lane event. `types` are the event types that any of them looks for.

    What is remembered is keyed by what it is, not by the rule: editing a threshold keeps it. What no rule asks for any more
    is forgotten at the session's next event.

    `asked` are the rules that look at an event of those types: those that count or have a sequence, and those with a condition
    on the type that names one of them, such as a page view.
    """

    def __init__(self, rules: Iterable[CompiledRule]) -> None:
        ordered = list(rules)
        named = {each.id: named_types(each.rule) for each in ordered}
        self.rules = [each for each in ordered if each.counters or each.sequence is not None]
        self.asked = [each for each in ordered if each.counters or each.sequence is not None or named[each.id]]
        self.matchers: dict[str, EventMatcher] = {}
        self.horizons_ms: dict[str, int] = {}
        self.counters: dict[str, tuple[str, int]] = {}
        self.sequences: dict[str, EventSequence] = {}
        for rule in self.rules:
            for counter in rule.counters:
                self.counters[counter.key] = (counter.matcher.key, counter.within_ms)
                self._add_matcher(counter.matcher, counter.within_ms)
            if rule.sequence is not None:
                for matcher in rule.sequence.matchers:
                    self._add_matcher(matcher, rule.sequence.within_ms)
                if not rule.sequence.is_silence:
                    self.sequences[rule.sequence.key] = rule.sequence
        self.types = frozenset[str]().union(*(each.types for each in self.matchers.values()), *named.values())
        self.silences = {
            f"{each.id}:{each.sequence.key}": each
            for each in self.rules
            if each.sequence is not None and each.sequence.is_silence
        }

    def _add_matcher(self, matcher: EventMatcher, horizon_ms: int) -> None:
        self.matchers[matcher.key] = matcher
        self.horizons_ms[matcher.key] = max(horizon_ms, self.horizons_ms.get(matcher.key, 0))

    def forget_others(self, state: OwnEventsState) -> None:
        """Forgets what no rule asks for any more."""
        kept: tuple[tuple[dict[str, Any], Mapping[str, Any]], ...] = (
            (state.logs, self.matchers),
            (state.completed, self.sequences),
            (state.silences, self.silences),
        )
        for held, wanted in kept:
            for key in [key for key in held if key not in wanted]:
                del held[key]

    def record(
        self, state: OwnEventsState, fields: Mapping[str, Any], event_id: str, at_ms: int, oldest_ms: int
    ) -> "Recorded":
        """Adds an event, by its `EVENT_FIELDS`, to what is remembered. Events before `oldest_ms` can come no more."""
        state.numbered += 1
        event = LoggedEvent(at_ms, state.numbered, id_hash(event_id))
        found = set()
        for key, matcher in self.matchers.items():
            if matcher.matches(fields):
                log = state.logs.setdefault(key, [])
                if add_event(log, event, oldest_ms - self.horizons_ms[key]):
                    found.add(key)
        return Recorded(event, found)

    def count(self, state: OwnEventsState, at_ms: int) -> dict[str, float]:
        """The counters' values at `at_ms`, by their keys."""
        return {
            key: float(count_within(state.logs.get(matcher, []), at_ms, within_ms))
            for key, (matcher, within_ms) in self.counters.items()
        }

    def complete(self, state: OwnEventsState, recorded: "Recorded") -> dict[str, Span]:
        """The sequences that the event completes, by their keys. An event takes part in a sequence once."""
        found = {}
        for key, sequence in self.sequences.items():
            if sequence.elements[-1].key not in recorded.matchers:
                continue
            after = state.completed.get(key, BEFORE_ALL)
            span = sequence.completed_by(recorded.event, state.logs, after)
            if span is not None:
                found[key] = span
                state.completed[key] = max(after, recorded.event)
        return found


def named_types(rule: Rule) -> frozenset[str]:
    """The types of `COUNTED_TYPES` that a condition of the rule compares the event's type with."""
    texts = {
        text
        for condition in rule.when
        if condition.event == "type"
        for text in (condition.equals, *(condition.among or ()))
    }
    return frozenset(each for each in COUNTED_TYPES if each in texts)


class Recorded:
    """An event as it was recorded, and the keys of the matchers that it is new to."""

    __slots__ = ("event", "matchers")

    def __init__(self, event: LoggedEvent, matchers: set[str]) -> None:
        self.event = event
        self.matchers = matchers
