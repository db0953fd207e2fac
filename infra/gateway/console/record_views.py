"""What the console shows of a record: known fields, bounded in length, whatever else a sender has put there."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from schemas.commands import AdjustmentCommand
from schemas.events import Context, Event
from schemas.outcomes import Outcome

LONGEST_TEXT: Final = 400
MOST_PARTS: Final = 24
DEEPEST: Final = 4

_EVENT_FIELDS: Final = Event.__struct_fields__
_CONTEXT_FIELDS: Final = Context.__struct_fields__
_COMMAND_FIELDS: Final = AdjustmentCommand.__struct_fields__
_OUTCOME_FIELDS: Final = Outcome.__struct_fields__


def decoded(raw: bytes | None) -> dict[str, Any] | None:
    """The object in a record; None for anything else, which rejected.v1 tells about."""
    if raw is None:
        return None
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def shortened(value: Any, depth: int = 0) -> Any:
    """The same value with long texts cut, long lists and objects ended, and nothing deeper than four levels.

    >>> shortened({"a": ["x" * 500, 1], "b": {"c": {"d": {"e": {"f": 1}}}}}) == {
    ...     "a": ["x" * 400 + "…", 1], "b": {"c": {"d": {"e": "…"}}}}
    True
    """
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else value[:LONGEST_TEXT] + "…"
    if isinstance(value, Mapping):
        if depth >= DEEPEST:
            return "…"
        return {shortened(str(name)): shortened(part, depth + 1) for name, part in list(value.items())[:MOST_PARTS]}
    if isinstance(value, list):
        return "…" if depth >= DEEPEST else [shortened(part, depth + 1) for part in value[:MOST_PARTS]]
    return value


def _known(record: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: shortened(record[name]) for name in names if record.get(name) is not None}


def event(record: Mapping[str, Any]) -> dict[str, Any]:
    found = _known(record, _EVENT_FIELDS)
    if isinstance(found.get("context"), dict):
        found["context"] = _known(found["context"], _CONTEXT_FIELDS)
    return found


def command(record: Mapping[str, Any]) -> dict[str, Any]:
    return _known(record, _COMMAND_FIELDS)


def outcome(record: Mapping[str, Any]) -> dict[str, Any]:
    return _known(record, _OUTCOME_FIELDS)


def rejected(record: Mapping[str, Any]) -> dict[str, Any]:
    """Without the original: it is the reader's own text, and the command line shows it."""
    return _known(record, ("reason", "detail", "stage", "topic", "partition", "offset", "seen_at_ms"))
