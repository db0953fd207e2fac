"""Coerces what breaks the event contract and need not cost the event: ids and numbers in another spelling, optional fields.

An odd optional field is turned into what it means, cut, or left out, and `notes` of the event says which. Only a required field
(id, type, time, session) that stays unreadable rejects the event.
"""

from collections.abc import Callable
from typing import Any, Final

from infra.gateway.ingest.json_fields import MAX_TAG_CHARS, id_text, number_of, paired, short_id, tag_text
from infra.gateway.ingest.times import milliseconds
from schemas.event_validation import CONTEXT_FIELDS, FIELDS, Field
from schemas.events import MAX_PROPERTIES, VALUE_RANGE

MAX_NOTES: Final = 16
MAX_TAG_NAME_CHARS: Final = 256

_IDS: Final = ("event_id", "user_id", "content_id")
"""Ids that are too long become a digest: two that share their first characters must not become one."""

_TIMES: Final = ("occurred_at_ms", "received_at_ms")

_LEFT_OUT: Final = object()


class _Notes:
    """What was done to which field, in words; the first `MAX_NOTES`."""

    def __init__(self) -> None:
        self.by_field: dict[str, str] = {}

    def add(self, name: str, what: str) -> None:
        if len(self.by_field) < MAX_NOTES:
            self.by_field.setdefault(name, what)


def coerced(fields: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of the contract, each as validation wants it as far as its value can be read, and the notes on it."""
    notes = _Notes()
    for name, what in (fields.get("notes") or {}).items():
        notes.add(name, what)
    found = {field.name: _field(field, fields.get(field.name), "", notes) for field in FIELDS if field.name != "notes"}
    found["value"] = _value_for_type(found.get("value"), found.get("type"), notes)
    if notes.by_field:
        found["notes"] = notes.by_field
    return found


def shortened(properties: dict[str, str], notes: dict[str, str] | None) -> tuple[dict[str, str], dict[str, str]]:
    """Cuts very long properties of an event that is too large, leaves out those with very long names, and adds a note."""
    kept = {name: text[:MAX_TAG_CHARS] for name, text in properties.items() if len(name) <= MAX_TAG_NAME_CHARS}
    return kept, {**(notes or {}), "properties": f"values cut to {MAX_TAG_CHARS} characters"}


def _field(field: Field, value: Any, prefix: str, notes: _Notes) -> Any:
    if value is None:
        return None
    name = prefix + field.name
    if field.required and field.name not in _IDS and field.name not in _TIMES:
        return id_text(value) or value if field.name == "session_id" else value
    read = _READERS[field.kind](field, value, name, notes)
    if read is _LEFT_OUT:
        # What is required is left to validation to reject, under its own name.
        if field.required:
            return value
        notes.add(name, "left out")
        return None
    return read


def _string(field: Field, value: Any, name: str, notes: _Notes) -> Any:
    text = tag_text(value) if type(value) is bool and name not in _IDS else id_text(value)
    if not text:
        return value if value == "" else _LEFT_OUT
    if type(value) is not str:
        notes.add(name, "a number, kept as text" if type(value) is not bool else "a boolean, kept as text")
    if field.high is not None and len(text) > field.high:
        if name in _IDS:
            notes.add(name, f"longer than {field.high:.0f} characters: a digest")
            return short_id(text, int(field.high))
        notes.add(name, f"cut to {field.high:.0f} characters")
        text = text[: int(field.high)]
    return _paired(text, name, notes)


def _paired(text: str, name: str, notes: _Notes) -> str:
    """Returns the text with U+FFFD for each half of a surrogate pair, which UTF-8 cannot say."""
    if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    notes.add(name, "unpaired surrogate replaced")
    return paired(text)


def _number(field: Field, value: Any, name: str, notes: _Notes) -> Any:
    if name in _TIMES:
        at_ms = milliseconds(value)
        return _LEFT_OUT if at_ms is None else at_ms
    number = number_of(value)
    if (
        number is None
        or not (field.low is None or number >= field.low)
        or not (field.high is None or number <= field.high)
    ):
        return _LEFT_OUT
    if type(value) is str:
        notes.add(name, "a text, read as a number")
    if field.kind == "integer" and not float(number).is_integer():
        notes.add(name, "rounded")
        number = round(number)
    return int(number) if field.kind == "integer" else number


def _boolean(_: Field, value: Any, name: str, notes: _Notes) -> Any:
    if type(value) is bool:
        return value
    word = value.strip().lower() if type(value) is str else value if type(value) in (int, float) else None
    if word in ("true", "on", "1", 1):
        notes.add(name, "read as true")
        return True
    if word in ("false", "off", "0", 0):
        notes.add(name, "read as false")
        return False
    return _LEFT_OUT


def _tags(_: Field, value: Any, name: str, notes: _Notes) -> Any:
    if type(value) is not dict:
        return _LEFT_OUT
    found: dict[str, str] = {}
    for tag, given in value.items():
        if given is None:
            continue
        text = tag_text(given)
        if text is None:
            notes.add(name, "values left out that are no JSON")
            continue
        if len(found) == MAX_PROPERTIES:
            notes.add(name, f"the first {MAX_PROPERTIES} of {len(value)} kept")
            break
        found[_paired(tag, name, notes)] = _paired(text, name, notes)
    return found


def _object(_: Field, value: Any, __: str, notes: _Notes) -> Any:
    if type(value) is not dict:
        return _LEFT_OUT
    return {field.name: _field(field, value.get(field.name), "context.", notes) for field in CONTEXT_FIELDS}


_READERS: Final[dict[str, Callable[[Field, Any, str, _Notes], Any]]] = {
    "string": _string,
    "integer": _number,
    "number": _number,
    "boolean": _boolean,
    "tags": _tags,
    "object": _object,
}


def _value_for_type(value: Any, kind: Any, notes: _Notes) -> Any:
    """Returns the value within the range of the event's type, None where it means nothing there.

    A depth up to 2 is the end of a page that springs back; beyond, up to 100, it is per cent.
    """
    bounds = VALUE_RANGE.get(kind) if type(kind) is str else None
    if value is None or bounds is None or bounds[0] <= value <= bounds[1]:
        return value
    if kind == "scroll" and 1 < value <= 100:
        notes.add("value", "per cent, read as a share" if value >= 2 else "above 1, cut to 1")
        return value / 100 if value >= 2 else 1.0
    notes.add("value", f"left out: outside {bounds[0]:.0f}..{bounds[1]:.0f} for {kind}")
    return None
