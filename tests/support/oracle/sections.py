"""The section lane once more, in plain Python over a list: minutes of sections by item, and what the rules say of them."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from infra.simulate.reference_sections import section_minutes
from models.language.section_attention import ItemSections
from schemas.events import Event


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
