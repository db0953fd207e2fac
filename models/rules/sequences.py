"""Sequences of a session's events: which are complete, and which silences have begun."""

from collections.abc import Mapping, Sequence
from typing import Final

from models.rules.event_log import Log, LoggedEvent, Span, first_after, latest_before
from models.rules.matchers import EventMatcher, key_of
from schemas.commands import Evidence

BEFORE_ALL: Final = LoggedEvent(-(1 << 62), 0, 0)


class EventSequence:
    """Events that come one after the other within `within_ms`, first to last, with none of `without` between them.

    With one element it is a silence: nothing of `without` for `within_ms` after the event. `key` names it in state; `rule` is
    for errors.
    """

    def __init__(self, elements: Sequence[str], without: str | None, within_s: int, rule: str) -> None:
        self.elements = [
            EventMatcher.of_element(each, f"{rule}: sequence[{number}]") for number, each in enumerate(elements)
        ]
        self.without = None if without is None else EventMatcher.of_element(without, f"{rule}: without")
        self.within_ms = within_s * 1000
        self.is_silence = len(elements) == 1
        self.key = key_of(*elements, without, within_s)
        self.text = ", ".join(each.text for each in self.elements)

    @property
    def matchers(self) -> list[EventMatcher]:
        return self.elements if self.without is None else [*self.elements, self.without]

    def completed_by(self, event: LoggedEvent, logs: Mapping[str, Log], after: LoggedEvent) -> Span | None:
        """The span of a sequence that ends with `event` and begins after `after`; None where there is none.

        `event` matches the last element. Looks back for the latest event of each element before the one that follows: where
        any choice of events fits, this one does, since it begins last.
        """
        first = event
        for matcher in reversed(self.elements[:-1]):
            before = latest_before(logs.get(matcher.key, []), first)
            if before is None:
                return None
            first = before
        if first <= after or event.at_ms - first.at_ms > self.within_ms:
            return None
        without = None if self.without is None else latest_before(logs.get(self.without.key, []), event)
        return None if without is not None and first < without else Span(first.at_ms, event.at_ms)

    def is_broken(self, start: LoggedEvent, logs: Mapping[str, Log]) -> bool:
        """Whether something of `without` has come within the time after `start`."""
        if self.without is None:
            return False
        found = first_after(logs.get(self.without.key, []), start)
        return found is not None and self.breaks(found, start)

    def breaks(self, event: LoggedEvent, start: LoggedEvent) -> bool:
        """Whether `event`, one of `without`, ends the silence that began with `start`."""
        return event > start and event.number != start.number and event.at_ms <= start.at_ms + self.within_ms

    def evidence(self, span: Span) -> dict[str, Evidence]:
        """The events of a complete sequence from the first to the last, and those that did not come."""
        told = (
            {"sequence": self.text} if self.without is None else {"sequence": self.text, "without": self.without.text}
        )
        return {name: Evidence(text, None, None, None, span.first_ms, span.last_ms) for name, text in told.items()}
