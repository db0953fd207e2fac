"""Makes the rows that cross from SQL into Python, from the windows that are computed in plain Python."""

from collections import defaultdict
from collections.abc import Sequence
from operator import attrgetter
from typing import Final

import msgspec

from infra.simulate.reference_windows import NAN, ContentMinute, SessionMinute
from models.features import CONTENT_NAMES, SESSION_NAMES
from models.judgement.layout import HABIT_NAMES
from models.language.section_attention import SectionMinute
from models.language.sentiment import MAX_TEXT_CHARS
from models.reading_context import ReadingContext
from schemas.events import Context, Event
from udfs import crossing_rows
from udfs.crossing_rows import CONTENT, DEPTH_STEPS, EVENT, MAX_LEAVERS, SECTION, SESSION

Row = tuple[str, list[float], list[str | None]]

_SIGN: Final = 1 << 31


def session_row(session_id: str, now: SessionMinute, site: Sequence[float] | None) -> Row:
    """A window of a session. `site` are the site's active slices and sums; None where they are left unknown."""
    numbers = {
        "window_end_ms": now.end_ms,
        "first_ms": now.first_ms,
        "newest_first_ms": now.newest_first_ms,
        "acted_first_ms": now.acted_first_ms,
        "interacted_ms": now.interacted_ms,
        "last_ms": now.last_ms,
        "hidden_ms": now.hidden_ms,
        "page_and_depth": round(now.page_depth * 10_000) % DEPTH_STEPS,
        "active_slices": now.active_slices,
        "site_slices": None if site is None else site[0],
    }
    # Who signs out is not named by what came before.
    users = [each.user_id for each in now.events if each.occurred_at_ms == now.last_ms and each.user_id is not None]
    devices = [each.context.device for each in now.events if each.context and each.context.device]
    texts = {
        "session_id": session_id,
        "user_id": max(users, default=None),
        "content_id": now.content_id,
        "main_type": now.main_type,
        # Nothing reads it behind the crossing.
        "engaged_by_type": None,
        "device": max(devices, default=None),
        "context": _told_context(now.events),
        "opened": now.opened,
    }
    return (
        SESSION,
        [
            *(_number(numbers[name]) for name in crossing_rows.SESSION_NUMBERS),
            *(now.values[name] for name in SESSION_NAMES),
            *(float(now.wholes[name]) for name in HABIT_NAMES),
            *([NAN] * len(HABIT_NAMES) if site is None else site[1:]),
        ],
        [texts[name] for name in crossing_rows.SESSION_TEXTS],
    )


def _told_context(events: Sequence[Event]) -> str | None:
    """What the latest `context` event said, as the windows carry it; the greater text of two at one time."""
    told = [
        (each.occurred_at_ms, _context_text(each.context or Context())) for each in events if each.type == "context"
    ]
    return max(told)[1] if told else None


def _context_text(context: Context) -> str:
    fields = {name: getattr(context, name) for name in ReadingContext.__struct_fields__}
    if fields["save_data"] is not None:
        fields["save_data"] = int(fields["save_data"])
    return msgspec.json.encode({name: value for name, value in fields.items() if value is not None}).decode()


def site_sums(minutes: Sequence[SessionMinute]) -> list[float]:
    """How many slices of a window had any event, over all sessions, and the sum of each habit."""
    totals: dict[str, int] = defaultdict(int)
    for now in minutes:
        for name in HABIT_NAMES:
            totals[name] += now.wholes[name]
    return [float(sum(now.active_slices for now in minutes)), *(float(totals[name]) for name in HABIT_NAMES)]


def site_row(end_ms: int, site: Sequence[float]) -> Row:
    """A minute of the whole site, from its active slices and sums."""
    engaged_ms = site[1 + HABIT_NAMES.index("engaged_ms")]
    return crossing_rows.SITE_MINUTE, [float(end_ms), engaged_ms], [None]


def content_row(content_id: str, end_ms: int, now: ContentMinute) -> Row:
    """A window of a content item."""
    leavers = [_hash_code(session) for session in now.newly_left_rapidly]
    numbers = {
        "window_end_ms": end_ms,
        "first_ms": now.first_ms,
        "new_exits": now.new_exits,
        "new_rapid_exits": len(leavers),
        "present": now.reader_slices,
        "least_leaver": min(leavers, default=None),
        "greatest_leaver": max(leavers, default=None),
    }
    assert MAX_LEAVERS == 2, "the least and the greatest are all"
    return (
        CONTENT,
        [
            *(_number(numbers[name]) for name in crossing_rows.CONTENT_NUMBERS),
            *(now.values[name] for name in CONTENT_NAMES),
        ],
        [{"content_id": content_id, "content_type": now.content_type}[name] for name in crossing_rows.CONTENT_TEXTS],
    )


def section_row(minute: SectionMinute) -> Row:
    """A minute of a section."""
    return (
        SECTION,
        [
            float(getattr(minute, "end_ms" if name == "window_end_ms" else name))
            for name in crossing_rows.SECTION_NUMBERS
        ],
        [getattr(minute, name) for name in crossing_rows.SECTION_TEXTS],
    )


def event_row(event: Event) -> Row:
    """An event of the fast lane."""
    return (
        EVENT,
        [_number(_of_event(event, name)) for name in crossing_rows.EVENT_NUMBERS],
        [_text(_of_event(event, name)) for name in crossing_rows.EVENT_TEXTS],
    )


def _of_event(event: Event, column: str) -> object:
    """The value of an SQL column, by its name in `udfs/crossing_rows.py`."""
    if column == "at_ms":
        return min(event.occurred_at_ms, event.received_at_ms)
    if column == "saves_data":
        return None if event.context is None else event.context.save_data
    if column == "rage":
        return _rage(event)
    if column == "feedback_text":
        return (event.text or "")[:MAX_TEXT_CHARS] or None if event.type == "feedback" else None
    name = column.replace("`", "")
    if name.startswith("context.") and event.context is None:
        return None
    found: object = attrgetter(name)(event)
    return found


def _rage(event: Event) -> float | None:
    """Clicks of a rage click, as its tag says."""
    text = (event.properties or {}).get("rage", "")
    try:
        number = float(text) if len(text) <= 16 else 0.0
    except ValueError:
        return None
    return number if 1.0 <= number <= 1_000.0 else None


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else NAN


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _hash_code(text: str) -> int:
    """Flink's HASH_CODE: Java's `String.hashCode`, without its sign."""
    value = 0
    units = text.encode("utf-16-be", "surrogatepass")
    for high, low in zip(units[::2], units[1::2], strict=True):
        value = (value * 31 + (high << 8 | low)) & 0xFFFFFFFF
    return abs(value - 2 * _SIGN if value >= _SIGN else value)
