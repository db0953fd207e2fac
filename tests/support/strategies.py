"""Hypothesis strategies: valid events with anything in them that the contract allows."""

import json
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from schemas.event_validation import CONTEXT_FIELDS, FIELDS, Field
from schemas.events import EARLIEST_MS, EVENT_TYPES, MAX_SKEW_MS, VALUE_RANGE

NOW_MS = 1_790_000_000_000
"""What the judge's clock says in tests: September 2026."""

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For a machine on which much else runs: no example fails for being slow."""

Json = dict[str, Any]

_LONGEST_TEXT = 100
"""Longer texts are for the tests of bounds; many of them in one event would exceed its size."""


def texts(low: int, high: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=low, max_size=min(high, _LONGEST_TEXT))


def _values(field: Field) -> st.SearchStrategy[Any]:
    low, high = field.low or 0, _LONGEST_TEXT if field.high is None else field.high
    match field.kind:
        case "string":
            return texts(int(low), int(high))
        case "integer":
            return st.integers(int(low), int(high))
        case "number":
            return st.floats(low, high) | st.integers(int(low), int(high))
        case "boolean":
            return st.booleans()
        case "tags":
            return st.dictionaries(texts(0, 8), texts(0, 8), max_size=int(high))
        case "object":
            return st.fixed_dictionaries({}, optional={inner.name: _values(inner) for inner in CONTEXT_FIELDS})


@st.composite
def valid_events(draw: st.DrawFn) -> Json:
    """A valid event as a JSON object; optional fields are there, null or missing."""
    required = {field.name: _values(field) for field in FIELDS if field.required and field.kind == "string"}
    optional = {field.name: st.none() | _values(field) for field in FIELDS if not field.required}
    event: Json = draw(st.fixed_dictionaries(required, optional=optional))
    event["type"] = draw(st.sampled_from(EVENT_TYPES))
    event["received_at_ms"] = draw(st.integers(EARLIEST_MS + MAX_SKEW_MS, NOW_MS + MAX_SKEW_MS))
    event["occurred_at_ms"] = event["received_at_ms"] + draw(st.integers(-MAX_SKEW_MS, MAX_SKEW_MS))
    if event.get("value") is not None and event["type"] in VALUE_RANGE:
        event["value"] = draw(st.floats(*VALUE_RANGE[event["type"]]))
    return event


@st.composite
def mutated_events(draw: st.DrawFn) -> bytes:
    """A valid event with a piece of it replaced by other bytes."""
    raw = json.dumps(draw(valid_events()), ensure_ascii=draw(st.booleans())).encode()
    start = draw(st.integers(0, len(raw)))
    return raw[:start] + draw(st.binary(max_size=6)) + raw[start + draw(st.integers(0, 6)) :]
