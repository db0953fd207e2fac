"""What is wrong with a rule's own counters and its sequence: what a schema cannot say of `features`, `sequence` and `without`."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from schemas.events import CROSSING_TYPES, EVENT_TYPES

if TYPE_CHECKING:
    from schemas.rules import Rule

MAX_COUNTED: Final = 200
"""Events that a counter remembers of a session, and so the most it can count: a reader does as much in an hour, seldom more."""

MAX_SILENCE_S: Final = 1_700
"""Longest silence that a rule can wait for: after half an hour without events a session is over."""

_KNOWN: Final = f"there are {', '.join(CROSSING_TYPES)}"


def own_events_problem(rule: "Rule", known: Collection[str]) -> str | None:
    """What is wrong: the field, a colon and what was expected; None where nothing is. `known` are the names that are taken."""
    for field in ("features", "sequence", "without", "within_s"):
        if getattr(rule, field) and rule.lane != "event":
            return f"{field}: only rules of lane event see single events"
    return _features_problem(rule, known) or _sequence_problem(rule)


def own_names(rule: "Rule") -> tuple[str, ...]:
    """The names of the rule's own counters."""
    return tuple(each.name for each in rule.features)


def waits_for_silence(rule: "Rule") -> bool:
    """Whether the rule waits for what does not come: one event of `sequence`, and nothing of `without` for `within_s`."""
    return len(rule.sequence) == 1 and rule.without is not None


def _features_problem(rule: "Rule", known: Collection[str]) -> str | None:
    names = own_names(rule)
    for number, feature in enumerate(rule.features):
        where = f"features[{number}]"
        if feature.name in known:
            return f"{where}.name: {feature.name} means something else already; give it a name of its own"
        if names.index(feature.name) != number:
            return f"{where}.name: {feature.name} stands twice"
        if feature.count.event not in CROSSING_TYPES:
            return f"{where}.count.event: {feature.count.event} does not reach the fast lane; {_KNOWN}"
    for number, condition in enumerate(rule.when):
        limit = condition.above
        if condition.feature in names and isinstance(limit, int | float) and limit >= MAX_COUNTED:
            return f"when[{number}].above: {limit:g} can never hold; a counter counts to {MAX_COUNTED}"
    return None


def _sequence_problem(rule: "Rule") -> str | None:
    if not rule.sequence:
        for field in ("without", "within_s"):
            if getattr(rule, field) is not None:
                return f"{field}: belongs to a sequence; give one"
        return None
    for number, element in enumerate(rule.sequence):
        if (problem := _element_problem(element)) is not None:
            return f"sequence[{number}]: {problem}"
    if rule.without is not None and (problem := _element_problem(rule.without)) is not None:
        return f"without: {problem}"
    if rule.within_s is None:
        return "within_s: give the seconds in which the sequence must be complete"
    if len(rule.sequence) == 1 and rule.without is None:
        return "sequence: give two events or more, or `without` for one that must not come"
    if waits_for_silence(rule) and rule.until is not None:
        return "until: a silence is over at the next event; let the command expire by expires_s"
    if waits_for_silence(rule) and rule.within_s > MAX_SILENCE_S:
        return f"within_s: {rule.within_s} is longer than a session waits for an event; at most {MAX_SILENCE_S}"
    return None


def _element_problem(element: str) -> str | None:
    """A bare word must be a type of event; anything else is an expression, which is checked where it is compiled."""
    if not element.isidentifier() or element in CROSSING_TYPES:
        return None
    if element in EVENT_TYPES:
        return f"{element} does not reach the fast lane; {_KNOWN}"
    return f"{element} is no type of event; {_KNOWN}, or give an expression"
