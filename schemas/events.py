"""The event contract (events.v1): what a reader did, as the gateway or a replay writes it."""

from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct

EventType = Literal[
    "page_view",
    "click",
    "scroll",
    "hover",
    "move",
    "heartbeat",
    "feedback",
    "context",
    "page_hide",
    "conversion",
    "custom",
    "tick",
]
EVENT_TYPES: Final[tuple[str, ...]] = get_args(EventType)

FAST_TYPES: Final = ("click", "feedback", "context")
"""Events that can change a decision by themselves: they take the fast lane."""

TYPING_ELEMENT: Final = "adjust-typing"
"""`element` of the `custom` event by which a page tells that its reader writes: not what, nor where."""

COUNTED_TYPES: Final = ("page_view", "page_hide", "conversion", "custom")
"""Events that take the fast lane as well, where only rules look at them that count them, have them in a sequence, or name their
type in a condition. In the windows they are signals like others."""

CROSSING_TYPES: Final = (*FAST_TYPES, *COUNTED_TYPES)
"""What own counters and sequences can name. Scrolling, hovering, movements and heartbeats stay in SQL: there are too many."""

RECOMMENDED: Final = "recommended"
"""The placement that marks recommended content."""

MAX_BYTES: Final = 65_536
MAX_DEPTH: Final = 32
MAX_PROPERTIES: Final = 64
MAX_SKEW_MS: Final = 24 * 3_600_000
EARLIEST_MS: Final = 946_684_800_000
"""The year 2000. A time before it is nearly always seconds given for milliseconds."""

LATEST_MS: Final = 253_402_300_799_999
"""The end of the year 9999, so that the schema, too, says what 64 bits cannot hold."""

DAY_MS: Final = 86_400_000
VALUE_RANGE: Final[dict[str, tuple[float, float]]] = {
    "scroll": (0.0, 1.0),
    "hover": (0.0, DAY_MS),
    "heartbeat": (0.0, DAY_MS),
    "move": (0.0, 1e7),
    "feedback": (1.0, 5.0),
}
"""What `value` may be, by type of event: depth, milliseconds, pixels, rating. Elsewhere any number will do."""

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Short = Annotated[str, Meta(max_length=128)]
Millis = Annotated[int, Meta(ge=EARLIEST_MS, le=LATEST_MS)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]


class Context(Struct, forbid_unknown_fields=False, omit_defaults=True):
    """Where and on what the reader reads; every part may be unknown.

    `languages` are those of the reader, the most wanted first, with commas between; `language` is the first of them.
    `user_expertise` is what the site knows of the reader's experience, in its own words: novice, regular, expert.
    """

    device: Short | None = None
    os: Short | None = None
    browser: Short | None = None
    country: Short | None = None
    region: Short | None = None
    city: Short | None = None
    language: Short | None = None
    languages: Short | None = None
    timezone: Short | None = None
    rtt_ms: Annotated[int, Meta(ge=0, le=600_000)] | None = None
    downlink_kbps: Annotated[int, Meta(ge=0, le=100_000_000)] | None = None
    save_data: bool | None = None
    viewport_w: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    viewport_h: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    user_expertise: Short | None = None


class Event(Struct, forbid_unknown_fields=False, omit_defaults=True):
    """One thing a reader did. `occurred_at_ms` is the reader's time corrected for skew, `received_at_ms` the gateway's.

    `value` depends on `type`: scroll depth 0..1, hover and heartbeat milliseconds, move path length in pixels,
    feedback rating 1..5. `x` and `y` are positions on the page as fractions.

    `notes` is the gateway's: by name of a field, what it did to it (cut, converted, left out) instead of rejecting the event.
    """

    event_id: Id
    type: EventType
    occurred_at_ms: Millis
    received_at_ms: Millis
    session_id: Id
    user_id: Short | None = None
    content_id: Annotated[str, Meta(max_length=256)] | None = None
    content_type: Annotated[str, Meta(max_length=64)] | None = None
    page_url: Annotated[str, Meta(max_length=2048)] | None = None
    element: Annotated[str, Meta(max_length=256)] | None = None
    placement: Annotated[str, Meta(max_length=64)] | None = None
    value: Annotated[float, Meta(ge=-1e15, le=1e15)] | None = None
    x: Share | None = None
    y: Share | None = None
    text: Annotated[str, Meta(max_length=10_000)] | None = None
    properties: Annotated[dict[str, str], Meta(max_length=MAX_PROPERTIES)] | None = None
    context: Context | None = None
    notes: Annotated[dict[str, str], Meta(max_length=MAX_PROPERTIES)] | None = None
