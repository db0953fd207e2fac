"""Selects what the console shows of a record: known fields only, bounded in length and depth."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from schemas.commands import AdjustmentCommand
from schemas.events import Context, Event
from schemas.outcomes import Outcome
from schemas.proposals import Proposal
from schemas.unreadable import UNREADABLE

MAX_TEXT: Final = 400
MAX_ITEMS: Final = 24
MAX_DEPTH: Final = 4

_EVENT_FIELDS: Final = Event.__struct_fields__
_CONTEXT_FIELDS: Final = Context.__struct_fields__
_COMMAND_FIELDS: Final = AdjustmentCommand.__struct_fields__
_OUTCOME_FIELDS: Final = Outcome.__struct_fields__
_PROPOSAL_FIELDS: Final = Proposal.__struct_fields__


def decoded(raw: bytes | None) -> dict[str, Any] | None:
    """The JSON object in a record; None for anything else, which rejected.v1 reports."""
    if raw is None:
        return None
    try:
        found = msgspec.json.decode(raw)
    except UNREADABLE:
        return None
    return found if isinstance(found, dict) else None


def truncated(value: Any, depth: int = 0) -> Any:
    """Cuts long texts, long lists and objects, and everything deeper than four levels.

    >>> truncated({"a": ["x" * 500, 1], "b": {"c": {"d": {"e": {"f": 1}}}}}) == {
    ...     "a": ["x" * 400 + "…", 1], "b": {"c": {"d": {"e": "…"}}}}
    True
    """
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "…"
    if isinstance(value, Mapping):
        if depth >= MAX_DEPTH:
            return "…"
        return {truncated(str(name)): truncated(part, depth + 1) for name, part in list(value.items())[:MAX_ITEMS]}
    if isinstance(value, list):
        return "…" if depth >= MAX_DEPTH else [truncated(part, depth + 1) for part in value[:MAX_ITEMS]]
    return value


def _known(record: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: truncated(record[name]) for name in names if record.get(name) is not None}


def event(record: Mapping[str, Any]) -> dict[str, Any]:
    found = _known(record, _EVENT_FIELDS)
    if isinstance(found.get("context"), dict):
        found["context"] = _known(found["context"], _CONTEXT_FIELDS)
    return found


def command(record: Mapping[str, Any]) -> dict[str, Any]:
    return _known(record, _COMMAND_FIELDS)


def outcome(record: Mapping[str, Any]) -> dict[str, Any]:
    return _known(record, _OUTCOME_FIELDS)


def proposal(record: Mapping[str, Any]) -> dict[str, Any]:
    return _known(record, _PROPOSAL_FIELDS)


def rejected(record: Mapping[str, Any]) -> dict[str, Any]:
    """Leaves out the original: it is the visitor's own text. The command line shows it."""
    return _known(record, ("reason", "detail", "stage", "topic", "partition", "offset", "seen_at_ms"))
