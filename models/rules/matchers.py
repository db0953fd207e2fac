"""Which events a rule's own counters and sequences look for."""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, Final

from models.rules.expressions.compilation import CompiledExpression, compile_expression
from models.rules.expressions.environment import mapping_environment
from models.rules.expressions.errors import ExpressionError, PlacedError
from models.rules.expressions.known_texts import check_texts
from models.rules.expressions.types import BOOL, DOUBLE, STRING, Type
from schemas.events import CROSSING_TYPES
from schemas.rule_errors import RuleError, WithinText

EVENT_FIELDS: Final[dict[str, Type]] = {
    "type": STRING,
    "page_url": STRING,
    "element": STRING,
    "placement": STRING,
    "content_id": STRING,
    "content_type": STRING,
    "value": DOUBLE,
    "device": STRING,
    "country": STRING,
    "language": STRING,
    "rtt_ms": DOUBLE,
    "downlink_kbps": DOUBLE,
    "save_data": BOOL,
}
"""The fields of an event that `where` and the expressions of a sequence can read; None and NaN are unknown."""

_ENVIRONMENT: Final = mapping_environment(EVENT_FIELDS)
_KEY_BYTES: Final = 8


def key_of(*parts: object) -> str:
    """A short name for what is told apart in state, equal wherever the parts are.

    >>> key_of("click", None) == key_of("click", None) != key_of("click", "value > 1.0")
    True
    """
    return blake2b(repr(parts).encode(), digest_size=_KEY_BYTES).hexdigest()


def _compiled(where: str) -> CompiledExpression:
    compiled = compile_expression(where, _ENVIRONMENT)
    try:
        check_texts(compiled.node, {"type": CROSSING_TYPES})
    except PlacedError as error:
        raise error.in_text(where) from None
    return compiled


class EventMatcher:
    """Matches events of a type for which an expression is true. None stands for any type, and for no expression.

    `key` names it in state: two rules that look for the same share what is remembered. `field` is the rule's, for errors.
    """

    def __init__(self, event_type: str | None, where: str | None, field: str) -> None:
        self.types = frozenset(CROSSING_TYPES if event_type is None else (event_type,))
        self.key = key_of(event_type, where)
        self.text = " where ".join(each for each in (event_type, where) if each is not None)
        self.field = field.partition(": ")[2]
        self.expression: CompiledExpression | None = None
        self._holds: Callable[[Any], bool] | None = None
        if where is not None:
            try:
                self.expression = _compiled(where)
            except ExpressionError as error:
                raise RuleError(f"{field}: {error}", self.field, WithinText(error.line, error.column)) from None
            self._holds = self.expression.holds

    @classmethod
    def of_element(cls, element: str, field: str) -> "EventMatcher":
        """The matcher of an element of a sequence: a type of event, or an expression."""
        return cls(element, None, field) if element in CROSSING_TYPES else cls(None, element, field)

    def matches(self, fields: Mapping[str, Any]) -> bool:
        """Whether an event is looked for, by its `EVENT_FIELDS`."""
        return fields["type"] in self.types and (self._holds is None or self._holds(fields))
