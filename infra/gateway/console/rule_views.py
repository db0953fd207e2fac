"""Forms the answers about rules."""

from typing import Any

from infra.rules.checking import as_text
from infra.rules.in_force import InForce
from infra.rules.listing import RuleEntry
from schemas.rule_history import RuleChange


def as_entry(entry: RuleEntry) -> dict[str, Any]:
    """One rule of the list."""
    found = entry.in_force
    return {
        "id": entry.id,
        "origin": entry.origin,
        "rule": entry.rule,
        "text": entry.raw if entry.rule is None else as_text(entry.rule),
        "version": entry.version,
        "state": found.state,
        "problem": entry.problem or found.refused,
        "last_change": entry.last_change,
        "acks": found.acks,
    }


def as_put(change: RuleChange, found: InForce) -> dict[str, Any]:
    """What became of a change. Nobody has been waited for: then the state is `waiting`."""
    return {
        "id": change.id,
        "version": change.version,
        "state": "waiting" if found.state == "unknown" else found.state,
        "missing": found.missing,
        "refused": found.refused,
        "acks": found.acks,
    }
