"""Minutes of an item's sections in plain Python, as the job's SQL computes them (`jobs/sql/section_views.py`)."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from models.language.section_attention import SectionMinute
from schemas.events import Event

MINUTE: Final = 60_000


def section_minutes(events: Iterable[Event]) -> list[SectionMinute]:
    """The minutes of all items, by item, end and section."""
    seen: dict[tuple[str, int, str], dict[str, list[Event]]] = defaultdict(lambda: defaultdict(list))
    for event in events:
        if section_ms(event) is not None and event.content_id is not None and event.element is not None:
            end = event.occurred_at_ms // MINUTE * MINUTE + MINUTE
            seen[event.content_id, end, event.element][event.session_id].append(event)
    return [_minute(*key, list(readers.values())) for key, readers in sorted(seen.items())]


def _minute(content: str, end: int, section: str, readers: list[list[Event]]) -> SectionMinute:
    times = [sum(int(section_ms(event) or 0) for event in own) for own in readers]
    depths = [max((event.value for event in own if event.value is not None), default=-1.0) for own in readers]
    passers = sum(time < 2_000 and depth >= 0.9 for time, depth in zip(times, depths, strict=True))
    types = [event.content_type for own in readers for event in own if event.content_type is not None]
    seen_ms = sum(min(time, MINUTE) for time in times)
    return SectionMinute(end, len(readers), passers, seen_ms, content, max(types, default=None), section)


def section_ms(event: Event) -> float | None:
    """How long a section was in view; None where the event does not say it."""
    told = event.properties or {}
    if event.type != "custom" or told.get("name") != "section" or len(told.get("ms", "")) > 16:
        return None
    if "_" in told.get("ms", ""):
        # Python reads it as a number, and the job does not.
        return None
    try:
        ms = float(told["ms"])
    except (KeyError, ValueError):
        return None
    return ms if 0.0 <= ms <= 86_400_000.0 else None
