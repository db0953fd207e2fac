"""The contracts as JSON Schema (2020-12), for those who write or read a topic in another language."""

import re
from inspect import cleandoc
from typing import Any, Final

import msgspec

from schemas.events import MAX_BYTES, MAX_DEPTH, MAX_SKEW_MS, VALUE_RANGE, Event
from schemas.rule_conditions import BOUNDS
from schemas.rules import Rule
from schemas.topics import Topic

_UNITS: Final = (
    ("rtt_ms", "Milliseconds."),
    ("_ms", "Milliseconds since 1970-01-01T00:00:00Z."),
    ("_s", "Seconds."),
    ("_kbps", "Kilobits per second."),
    ("viewport_w", "CSS pixels."),
    ("viewport_h", "CSS pixels."),
)
"""By the end of a field's name; the first that fits counts."""

_BEYOND: Final[dict[type, str]] = {
    Event: f"""
        What a schema cannot say and validation checks all the same: at most {MAX_BYTES} bytes of UTF-8 without a byte
        order mark, nested at most {MAX_DEPTH} deep; no half of a surrogate pair in
        any text; at most {MAX_SKEW_MS // 3_600_000} h between `occurred_at_ms` and `received_at_ms`, and
        `received_at_ms` at most as far in the future. Of a name given twice the last one counts.
        """,
    Rule: """
        What a schema cannot say: each condition names exactly one of `feature`, `forest`, `context` and `event`, the
        features are those of the lane, and a bound fits what it bounds. The error of a rejected rule names the field.
        """,
}


def file_name(topic: Topic) -> str:
    """The record's name in kebab case: ``model-record.schema.json``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", topic.record.__name__).lower() + ".schema.json"


def json_schema(topic: Topic) -> dict[str, Any]:
    """The schema of the records of `topic`. Further fields are allowed wherever the contract ignores them."""
    generated = msgspec.json.schema(topic.record)
    definitions = generated["$defs"]
    for definition in definitions.values():
        _explain(definition)
    if "Condition" in definitions:
        for bound in BOUNDS.values():
            definitions["Condition"]["properties"][bound.name]["description"] = f"Holds if {bound.text}."
    record = definitions.pop(topic.record.__name__)
    if topic.record in _BEYOND:
        record["description"] += "\n\n" + _reflowed(_BEYOND[topic.record])
    if topic.record is Event:
        record["allOf"] = [_value_by_type(name, *bounds) for name, bounds in VALUE_RANGE.items()]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:microadjust:{topic.name}",
        **record,
    }
    return {**schema, "$defs": definitions} if definitions else schema


def _value_by_type(name: str, low: float, high: float) -> dict[str, Any]:
    return {
        "if": {"properties": {"type": {"const": name}}},
        "then": {"properties": {"value": {"minimum": low, "maximum": high}}},
    }


def _explain(definition: dict[str, Any]) -> None:
    if "description" in definition:
        definition["description"] = _reflowed(definition["description"])
    for name, field in definition["properties"].items():
        unit = next((unit for end, unit in _UNITS if name.endswith(end)), None)
        if unit is not None:
            field["description"] = unit


def _reflowed(text: str) -> str:
    """Paragraphs without the line ends and indents of the source."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in cleandoc(text).split("\n\n"))
