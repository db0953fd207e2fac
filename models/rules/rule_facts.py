"""What the evaluation and the arbiter need to know of a rule beside its conditions, in milliseconds."""

from datetime import UTC, datetime

from models.arbitration.precedence import is_safety
from schemas.actions import ACTIONS
from schemas.rules import Rule, RuleError


class RuleFacts:
    """The numbers of one rule. Raises `RuleError` for a validity that is no time."""

    def __init__(self, rule: Rule) -> None:
        action = ACTIONS[rule.then.action]
        self.cooldown_ms = _cooldown_ms(rule)
        self.max_per_session = _max_per_session(rule)
        self.expires_ms = rule.expires_s * 1000
        self.is_state_like = action.revertible and action.exclusive_group != "prompt"
        """Whether the action lasts, so that it can be renewed; a prompt is asked once."""
        self.is_fixed = not any(
            isinstance(value, str) and value.startswith("$") for value in rule.then.parameters.values()
        )
        """Whether the rule always asks for the same."""
        self.is_held = rule.lane == "event" and rule.source == "context" and self.is_state_like
        """Whether the cause goes on after the event: a reader who saves data does so until another context says otherwise."""
        self.valid_from_ms = _milliseconds(rule, "valid_from", rule.valid_from)
        self.valid_until_ms = _milliseconds(rule, "valid_until", rule.valid_until)
        begins, ends = self.valid_from_ms, self.valid_until_ms
        if begins is not None and ends is not None and begins >= ends:
            problem = f"{rule.valid_until} is not after valid_from: {rule.valid_from}; the rule would never command"
            raise RuleError(f"rule {rule.id}: valid_until: {problem}", "valid_until")

    def is_valid(self, at_ms: int) -> bool:
        begins, ends = self.valid_from_ms, self.valid_until_ms
        return (begins is None or at_ms >= begins) and (ends is None or at_ms < ends)


def _cooldown_ms(rule: Rule) -> int:
    """As the rule says; else by the matrix of actions, lengthened by what outcomes have shown."""
    if rule.cooldown_s is not None:
        return rule.cooldown_s * 1000
    return round(ACTIONS[rule.then.action].frequency.cooldown_s * 1000 * rule.rest_factor)


def _max_per_session(rule: Rule) -> int | None:
    """As the rule says; else by the matrix, for a rule that leaves its cooldown to it as well.

    None for content items, which have no sessions, and for what keeps a page usable: it follows its cause.
    """
    if rule.max_per_session is not None or rule.cooldown_s is not None:
        return rule.max_per_session
    if rule.lane in ("content_window", "content_section") or is_safety(rule.source):
        return None
    return ACTIONS[rule.then.action].frequency.max_per_session


def _milliseconds(rule: Rule, name: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise RuleError(
            f"rule {rule.id}: {name}: expected a time such as 2026-12-01T00:00:00Z, found {text[:80]!r}", name
        ) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return round(found.timestamp() * 1000)
