"""Formats commands and their evidence for people."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def format_time(at_ms: int) -> str:
    """Formats an event time as hours, minutes and seconds in UTC."""
    return format_calendar(at_ms, "%H:%M:%S")


def format_instant(at_ms: int) -> str:
    """Formats an event time as date and time in UTC.

    >>> format_instant(1_760_000_400_000)
    '2025-10-09 09:00:00 UTC'
    """
    return format_calendar(at_ms, "%Y-%m-%d %H:%M:%S UTC")


def format_calendar(at_ms: int, pattern: str) -> str:
    """Formats an event time in UTC as `strftime` does, one beyond the calendar as a number: anybody may write any to a topic.

    >>> format_calendar(0, "%Y"), format_calendar(10**15, "%Y")
    ('1970', '1000000000000000 ms')
    """
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).strftime(pattern)
    except (OverflowError, ValueError, OSError):
        return f"{at_ms} ms"


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


def format_quantity(value: Any, unit: str | None) -> str:
    """Formats a number with its unit, but for counts, scores and ranges, whose unit says nothing beside a number.

    >>> format_quantity(20_000.0, "ms"), format_quantity(3.0, "sd"), format_quantity(0.85, "0..1"), format_quantity(4.0, "count")
    ('20000 ms', '3 sd', '0.85', '4')
    """
    is_bare = not unit or unit in ("count", "score") or unit[0].isdigit()
    return format_number(value) if is_bare else f"{format_number(value)} {unit}"


def format_bound(bound: Mapping[str, Any]) -> str:
    """Formats one bound that held, with the baseline it compared with.

    >>> format_bound({"bound": "below", "threshold": 20000.0, "unit": "ms"})
    'below 20000 ms'
    >>> format_bound({"bound": "z_above", "threshold": 3.0, "unit": "sd", "against": "peers", "baseline": 1000.0, "z": 8.0})
    'z above 3 sd against peers, usually 1000, z 8'
    """
    text = f"{bound['bound'].replace('_', ' ')} {format_quantity(bound.get('threshold'), bound.get('unit'))}"
    if bound.get("against") is not None:
        text += f" against {bound['against']}"
    return ", ".join([text, *_expectation(bound)])


def _expectation(seen: Mapping[str, Any]) -> list[str]:
    notes = []
    if seen.get("baseline") is not None:
        notes.append(f"usually {format_number(seen['baseline'])}")
    if seen.get("z") is not None:
        notes.append(f"z {format_number(seen['z'])}")
    return notes


def format_evidence(name: str, evidence: Mapping[str, Any]) -> str:
    """Formats one feature of a command's evidence, with every bound that held.

    >>> format_evidence("silence_ms", {"value": 50000.0, "threshold": 45000.0, "bounds": [
    ...     {"bound": "above", "threshold": 45000.0, "unit": "ms"}, {"bound": "below", "threshold": 130000.0, "unit": "ms"}]})
    'silence_ms 50000 (above 45000 ms; below 130000 ms)'

    Commands from before 0.3.0 list no bounds:

    >>> format_evidence("hover_ms", {"value": 9000.0, "baseline": 1000.0, "z": 8.0, "threshold": 3.0})
    'hover_ms 9000 (usually 1000, z 8)'
    """
    bounds = [format_bound(bound) for bound in evidence.get("bounds", ())]
    notes = "; ".join(bounds) or ", ".join(_expectation(evidence))
    return f"{name} {format_number(evidence.get('value'))}" + (f" ({notes})" if notes else "")


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
