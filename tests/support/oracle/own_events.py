"""Own counters, sequences and silences by brute force: every event is kept, and every combination is looked at."""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from functools import partial
from typing import Any, NamedTuple

from models.arbitration.proposed_change import ProposedChange
from models.rules.compiled import CompiledRule
from models.rules.evaluation import Moment, Subject, evaluate_rules
from models.rules.event_log import Span
from models.rules.matchers import EVENT_FIELDS, EventMatcher
from models.rules.sequences import EventSequence
from models.rules.signals import Signals
from models.state_records import DecisionState
from schemas.events import Context, Event


class Seen(NamedTuple):
    at_ms: int
    number: int
    event: Event
    signals: Signals


class Begun(NamedTuple):
    """A silence that ends at `end_ms`, if nothing breaks it."""

    end_ms: int
    start: Seen
    rule: CompiledRule
    sequence: EventSequence
    about: tuple[Subject, Callable[[str], Any], int]


Placed = tuple[int, int]


class OwnEvents:
    """Of one session: its events in the order of the topic, which is that of `number`."""

    def __init__(self) -> None:
        self._seen: list[Seen] = []
        self._used: dict[str, Placed] = {}
        """The end of the latest complete sequence."""
        self._begun: list[Begun] = []

    def on_event(self, event: Event, at_ms: int, rules: Sequence[CompiledRule], signals: Signals, about: Any) -> None:
        """Adds counters and complete sequences to the signals. `about` is what a silence will need: subject, placeholders,
        and when the session began."""
        new = Seen(at_ms, len(self._seen), event, copy(signals))
        is_new = all(each.event.event_id != event.event_id for each in self._seen)
        if is_new:
            self._seen.append(new)
        for rule in rules:
            for counter in rule.counters:
                signals.scalars[counter.key] = self._count(counter.matcher, at_ms, counter.within_ms)
        sequences = {each.sequence.key: each.sequence for each in rules if each.sequence}
        found = {}
        for key, sequence in sequences.items():
            if is_new and len(sequence.elements) > 1 and (span := self._complete(sequence, new)) is not None:
                found[key] = span
                self._used[key] = max(self._used.get(key, (-1, -1)), (at_ms, new.number))
        signals.completed = found
        for rule in rules:
            silence = rule.sequence
            if is_new and silence and len(silence.elements) == 1 and _matches(silence.elements[0], new):
                told = copy(signals)
                told.completed = {silence.key: Span(at_ms, at_ms + silence.within_ms)}
                self._begun.append(Begun(at_ms + silence.within_ms, new._replace(signals=told), rule, silence, about))

    def silences(self, rules: Sequence[CompiledRule], until_ms: int) -> Iterator[ProposedChange]:
        """What rules propose to silences that are over."""
        memory = DecisionState()
        order = {rule.id: number for number, rule in enumerate(rules)}
        for end_ms, start, rule, sequence, (subject, fill, began) in sorted(
            self._begun, key=lambda each: (each.end_ms, each.start.at_ms, each.start.number, order[each.rule.id])
        ):
            begun = (start.at_ms, start.number)
            after = [each for each in self._seen if begun < (each.at_ms, each.number) and each.at_ms <= end_ms]
            if end_ms > until_ms or any(sequence.without and _matches(sequence.without, each) for each in after):
                continue
            moment = Moment(end_ms, f"silence:{start.event.event_id}", began)
            for change in evaluate_rules([rule], start.signals, partial(_same, subject), memory, moment, fill)[0]:
                change.lane = "window"
                yield change

    def _count(self, matcher: EventMatcher, at_ms: int, within_ms: int) -> float:
        ids = {
            each.event.event_id
            for each in self._seen
            if at_ms - within_ms < each.at_ms <= at_ms and _matches(matcher, each)
        }
        return float(len(ids))

    def _complete(self, sequence: EventSequence, last: Seen) -> Span | None:
        """The span of the shortest choice of events that fits; None where none does."""
        if not _matches(sequence.elements[-1], last):
            return None
        after = self._used.get(sequence.key, (-1, -1))
        near = [each for each in self._seen if last.at_ms - sequence.within_ms <= each.at_ms]
        near = [each for each in near if after < (each.at_ms, each.number) < (last.at_ms, last.number)]
        firsts = [chain[0] for chain in _chains(sequence.elements[:-1], near, (-1, -1))]
        barred = [(each.at_ms, each.number) for each in near if sequence.without and _matches(sequence.without, each)]
        fits = [
            first
            for first in firsts
            if not any((first.at_ms, first.number) < each < (last.at_ms, last.number) for each in barred)
        ]
        return Span(max(first.at_ms for first in fits), last.at_ms) if fits else None


def _chains(elements: Sequence[EventMatcher], events: Sequence[Seen], after: Placed) -> Iterator[list[Seen]]:
    if not elements:
        yield []
        return
    for each in events:
        placed = (each.at_ms, each.number)
        if placed > after and _matches(elements[0], each):
            for rest in _chains(elements[1:], events, placed):
                yield [each, *rest]


def fields_of(event: Event) -> dict[str, Any]:
    """The event as expressions read it."""
    context = event.context or Context()
    named = {name: getattr(event, name, None) for name in EVENT_FIELDS}
    return named | {name: getattr(context, name) for name in EVENT_FIELDS if hasattr(context, name)}


def _same(subject: Subject) -> Subject:
    return subject


def _matches(matcher: EventMatcher, seen: Seen) -> bool:
    return matcher.matches(fields_of(seen.event))
