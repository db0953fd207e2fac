"""What the feature log records of a session window and models may read, by name: numbers and texts."""

from collections.abc import Container, Mapping, Sequence
from typing import Final

from models.features import LIVE_FEATURES, SESSION_NAMES, SITE_ODDNESS
from models.reading_context import CONTEXT_TEXTS

LIVE_NAMES: Final = tuple(LIVE_FEATURES)
NUMBER_NAMES: Final = (*SESSION_NAMES, *LIVE_NAMES)
"""Features of the window, then what the session lane knows beside them (`models/features.py`)."""

OF_ALL_READERS: Final = frozenset({SITE_ODDNESS})
"""Logged, but neither learnt from nor watched for drift: readers of one minute share the value, so that the sessions of some
hours hold few values of it, and the next minute lies outside of their range."""

TEXT_NAMES: Final = ("device", "input", *CONTEXT_TEXTS, "content_type")
"""Categories: kind of device, how the reader points, context, and the content type that most of the window was about."""


def unknown_inputs(features: Sequence[str], categories: Container[str]) -> list[str]:
    """Returns those inputs that the job does not know, in their order; `categories` are texts, the others numbers.

    >>> unknown_inputs(["click_rate", "session_duration", "device"], ["device"])
    ['session_duration']
    """
    return [name for name in features if name not in (TEXT_NAMES if name in categories else NUMBER_NAMES)]


def logged_numbers(values: Sequence[float], scalars: Mapping[str, float]) -> dict[str, float | None]:
    """Returns all numbers of a window by name; None for an unknown one. `values` follow `SESSION_NAMES`, NaN where unknown.

    >>> found = logged_numbers([2.0] + [float("nan")] * (len(SESSION_NAMES) - 1), {"session_age_ms": 5.0})
    >>> found["clicks"], found["pages"], found["session_age_ms"], found["rtt_ms"]
    (2.0, None, 5.0, None)
    """
    numbers: dict[str, float | None] = {
        name: None if value != value else value for name, value in zip(SESSION_NAMES, values, strict=True)
    }
    for name in LIVE_NAMES:
        numbers[name] = scalars.get(name)
    return numbers


def logged_texts(attributes: Mapping[str, str | None]) -> dict[str, str | None]:
    """Returns all texts of a window by name; None for an unknown one."""
    return {name: attributes.get(name) for name in TEXT_NAMES}
