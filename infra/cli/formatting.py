"""A command in words: what is asked, of whom, and why."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def clock(at_ms: int) -> str:
    """Event time as people read it, in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%H:%M:%S")


def number(value: Any) -> str:
    """As short as it can be without misleading.

    >>> number(12345.678), number(0.123456), number("de"), number(None)
    ('12346', '0.123', 'de', '?')
    """
    if isinstance(value, str):
        return value
    if value is None:
        return "?"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def because(name: str, evidence: Mapping[str, Any]) -> str:
    """One feature of the evidence.

    >>> because("hover_ms", {"value": 9000.0, "baseline": 1000.0, "z": 8.0, "threshold": 3.0})
    'hover_ms 9000 (usually 1000, z 8)'
    >>> because("recommended_click_rate", {"value": 0.0, "threshold": 1.0})
    'recommended_click_rate 0 (line at 1)'
    """
    notes = []
    if evidence.get("baseline") is not None:
        notes.append(f"usually {number(evidence['baseline'])}")
    if evidence.get("z") is not None:
        notes.append(f"z {number(evidence['z'])}")
    if not notes and evidence.get("threshold") is not None:
        notes.append(f"line at {number(evidence['threshold'])}")
    return f"{name} {number(evidence.get('value'))}" + (f" ({', '.join(notes)})" if notes else "")


def reason(command: Mapping[str, Any]) -> str:
    """The rule and what it saw."""
    seen = [
        because(name, evidence)
        for name, evidence in command["evidence"].items()
        if not name.startswith(("forest.", "event."))
    ]
    return f"{command['source']['id']}: " + "; ".join(seen)


def parameters(command: Mapping[str, Any]) -> str:
    given = {name: value for name, value in command["parameters"].items() if value is not None}
    return ", ".join(f"{name}={_short(value)}" for name, value in given.items())


def _short(value: Any) -> str:
    return " ".join(str(each) for each in value[:3]) if isinstance(value, list) else str(value)
