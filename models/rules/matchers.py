"""Which events a rule's own counters and sequences look for."""

from hashlib import blake2b
from typing import Final

from models.rules.bounds import Predicate
from models.rules.signals import Signals
from schemas.events import CROSSING_TYPES
from schemas.rules import RuleError

_KEY_BYTES: Final = 8


def key_of(*parts: object) -> str:
    """A short name for what is told apart in state, equal wherever the parts are.

    >>> key_of("click", None) == key_of("click", None) != key_of("click", "value > 1.0")
    True
    """
    return blake2b(repr(parts).encode(), digest_size=_KEY_BYTES).hexdigest()


class EventMatcher:
    """Matches events of a type for which an expression is true. None stands for any type, and for no expression.

    `key` names it in state: two rules that look for the same share what is remembered.
    """

    def __init__(self, event_type: str | None, where: str | None = None) -> None:
        self.types = frozenset(CROSSING_TYPES if event_type is None else (event_type,))
        self.key = key_of(event_type, where)
        self.text = " where ".join(each for each in (event_type, where) if each is not None)
        self._where: Predicate | None = None if where is None else compile_expression(where)

    @classmethod
    def of_element(cls, element: str) -> "EventMatcher":
        """The matcher of an element of a sequence: a type of event, or an expression."""
        return cls(element) if element in CROSSING_TYPES else cls(None, element)

    def matches(self, event_type: str, signals: Signals) -> bool:
        return event_type in self.types and (self._where is None or self._where(signals))


def compile_expression(text: str) -> Predicate:
    """An expression over an event's fields. Raises `RuleError`."""
    raise RuleError(f"{text}: expressions over events are not known yet")
