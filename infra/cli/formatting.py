"""Formats commands and their evidence for people."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def format_time(at_ms: int) -> str:
    """Formats an event time as hours, minutes and seconds in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%H:%M:%S")


def format_instant(at_ms: int) -> str:
    """Formats an event time as date and time in UTC.

    >>> format_instant(1_760_000_400_000)
    '2025-10-09 09:00:00 UTC'
    """
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def format_number(value: Any) -> str:
    """Formats a number with three digits, or with all before the point.

    >>> format_number(12345.678), format_number(0.123456), format_number("de"), format_number(None)
    ('12346', '0.123', 'de', '?')
    """
    if isinstance(value, str):
        return value
    if value is None:
        return "?"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def format_evidence(name: str, evidence: Mapping[str, Any]) -> str:
    """Formats one feature of a command's evidence.

    >>> format_evidence("hover_ms", {"value": 9000.0, "baseline": 1000.0, "z": 8.0, "threshold": 3.0})
    'hover_ms 9000 (usually 1000, z 8)'
    >>> format_evidence("recommended_click_rate", {"value": 0.0, "threshold": 1.0})
    'recommended_click_rate 0 (line at 1)'
    """
    notes = []
    if evidence.get("baseline") is not None:
        notes.append(f"usually {format_number(evidence['baseline'])}")
    if evidence.get("z") is not None:
        notes.append(f"z {format_number(evidence['z'])}")
    if not notes and evidence.get("threshold") is not None:
        notes.append(f"line at {format_number(evidence['threshold'])}")
    return f"{name} {format_number(evidence.get('value'))}" + (f" ({', '.join(notes)})" if notes else "")


def format_reason(command: Mapping[str, Any]) -> str:
    """Formats the rule of a command and the features it was decided on."""
    seen = [
        format_evidence(name, evidence)
        for name, evidence in command["evidence"].items()
        if not name.startswith(("forest.", "event."))
    ]
    return f"{command['source']['id']}: " + "; ".join(seen)


def format_parameters(command: Mapping[str, Any]) -> str:
    """Formats the parameters of a command that have a value."""
    given = {name: value for name, value in command["parameters"].items() if value is not None}
    return ", ".join(f"{name}={_short(value)}" for name, value in given.items())


def _short(value: Any) -> str:
    return " ".join(str(each) for each in value[:3]) if isinstance(value, list) else str(value)
