"""The section lane once more, in plain Python over a list: minutes of sections by item, and what the rules say of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from models.language.section_attention import ItemSections, SectionMinute
from schemas.events import Event

MINUTE = 60_000


def section_minutes(events: Iterable[Event]) -> list[SectionMinute]:
    """The minutes of all items, by item, end and section."""
    seen: dict[tuple[str, int, str], dict[str, list[Event]]] = defaultdict(lambda: defaultdict(list))
    for event in events:
        if _ms(event) is not None and event.content_id is not None and event.element is not None:
            end = event.occurred_at_ms // MINUTE * MINUTE + MINUTE
            seen[event.content_id, end, event.element][event.session_id].append(event)
    return [_minute(*key, list(readers.values())) for key, readers in sorted(seen.items())]


def _minute(content: str, end: int, section: str, readers: list[list[Event]]) -> SectionMinute:
    times = [sum(int(_ms(event) or 0) for event in own) for own in readers]
    depths = [max((event.value for event in own if event.value is not None), default=-1.0) for own in readers]
    passers = sum(time < 2_000 and depth >= 0.9 for time, depth in zip(times, depths, strict=True))
    types = [event.content_type for own in readers for event in own if event.content_type is not None]
    seen_ms = sum(min(time, MINUTE) for time in times)
    return SectionMinute(end, len(readers), passers, seen_ms, content, max(types, default=None), section)


def _ms(event: Event) -> float | None:
    told = event.properties or {}
    if event.type != "custom" or told.get("name") != "section" or len(told.get("ms", "")) > 16:
        return None
    try:
        ms = float(told["ms"])
    except (KeyError, ValueError):
        return None
    return ms if 0.0 <= ms <= 86_400_000.0 else None


def section_attention(events: Iterable[Event], until: int) -> Iterator[tuple[str, int, str | None, Any]]:
    """Yields item, end of minute, content type and what stands out, for each minute that has ended by `until`."""
    for content, own in groupby(section_minutes(events), key=lambda minute: minute.content_id):
        sections = ItemSections()
        for end, due in groupby(own, key=lambda minute: minute.end_ms):
            minutes = list(due)
            if end > until:
                break
            sections.add(minutes)
            if (found := sections.attention({})) is not None:
                types = [each.content_type for each in minutes if each.content_type is not None]
                yield content, end, max(types, default=None), found
