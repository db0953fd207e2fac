"""The rows that cross from SQL into Python, by kind: what stands where in their two arrays."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from models.features import CONTENT_NAMES, SESSION_NAMES
from models.judgement.layout import HABIT_NAMES
from models.judgement.presence import SLICE_MS
from models.language.section_attention import SectionMinute
from schemas.commands import Target

SESSION, CONTENT, EVENT, LATE, REJECTED, TALLY = "session", "content", "event", "late", "rejected", "tally"
SECTION: Final = "section"

FEATURE_PREFIX: Final = "f"
"""First letter of the keys of rows of the feature log, where they go the way of proposals (`udfs/window_commands.py`)."""

SESSION_PREFIX, CONTENT_PREFIX, SEGMENT_PREFIX, PARTITION_PREFIX, TALLY_KEY = "s", "c", "g", "p", "t"
"""First letters of the keys: rows of all kinds share one keyed operator, and ids of different kinds may be alike."""


class SessionUpdateKind(StrEnum):
    """What a row for session-state.v1 holds as JSON (`models/session_state.py`)."""

    ACTION = "seen"
    SCORES = "scored"
    COMMAND = "command"


_FEATURES: Final = len(SESSION_NAMES)
_HABITS: Final = len(HABIT_NAMES)

DEPTH_STEPS: Final = 100_000
"""`page_and_depth` is a page's time times this, plus its depth in 1/10000: greatest for the page seen last."""

SESSION_NUMBERS: Final = (
    "window_end_ms",
    "first_ms",
    "newest_first_ms",
    "acted_first_ms",
    "interacted_ms",
    "last_ms",
    "hidden_ms",
    "page_and_depth",
    "active_slices",
    "site_slices",
)
SESSION_TEXTS: Final = (
    "session_id",
    "user_id",
    "content_id",
    "main_type",
    "engaged_by_type",
    "device",
    "opened",
    "context",
)
CONTENT_NUMBERS: Final = (
    "window_end_ms",
    "first_ms",
    "new_exits",
    "new_rapid_exits",
    "present",
    "least_leaver",
    "greatest_leaver",
)
MAX_LEAVERS: Final = 2
CONTENT_TEXTS: Final = ("content_id", "content_type")
SECTION_NUMBERS: Final = ("window_end_ms", "readers", "passers", "seen_ms")
SECTION_TEXTS: Final = ("content_id", "content_type", "section")
EVENT_NUMBERS: Final = ("at_ms", "`value`", "context.rtt_ms", "context.downlink_kbps", "saves_data", "rage")
EVENT_TEXTS: Final = (
    "session_id",
    "user_id",
    "content_id",
    "event_id",
    "type",
    "content_type",
    "placement",
    "`element`",
    "context.device",
    "context.country",
    "context.`language`",
    "page_url",
    "context.os",
    "context.browser",
    "context.region",
    "context.languages",
    "context.timezone",
    "feedback_text",
    "context.user_expertise",
)
LATE_NUMBERS: Final = ("occurred_at_ms", "received_at_ms", "`partition`", "`offset`")
LATE_TEXTS: Final = ("event_id", "type", "session_id")
REJECTED_NUMBERS: Final = ("`partition`", "`offset`", "written_ms")
REJECTED_TEXTS: Final = ("reject_reason", "reject_detail", "original_latin1")
TALLY_NUMBERS: Final = ("window_end_ms", "events", "repeats")
SITE_MINUTE: Final = "site_minute"
SITE_MINUTE_NUMBERS: Final = ("window_end_ms", "h_engaged_ms")
SITE_KEY: Final = "site"

Numbers = Sequence[float]
Texts = Sequence[str | None]


class SessionWindow(NamedTuple):
    """One minute of one session. Unknown numbers are NaN, unknown texts None."""

    end_ms: int
    first_ms: int
    newest_first_ms: int
    """First event of the newest slice with events."""
    acted_first_ms: int | None
    """First event that the reader caused, of the newest slice with any."""
    interacted_ms: int | None
    last_ms: int
    hidden_ms: int | None
    page_depth: float
    """Deepest point of the page seen last, 0..1, in the newest slice that has signals."""
    session_id: str
    user_id: str | None
    content_id: str | None
    main_type: str | None
    engaged_by_type: str | None
    device: str | None
    opened: str | None
    """Pages opened, as time=type, `SEPARATOR` between them."""
    active_slices: int
    """Slices of the window with any event."""
    values: Numbers
    """By feature."""
    wholes: Numbers
    """By habit: the whole numbers behind the features."""
    site_active_ms: float
    """Length of the slices of the window in which a session had any event, over all sessions."""
    site_totals: Numbers
    """By habit: the sums over all sessions."""
    context: str | None = None
    """What the last `context` event of the minute said, as JSON; None in most minutes, which have none."""

    @classmethod
    def from_crossing(cls, numbers: Numbers, texts: Texts) -> "SessionWindow":
        acted, interacted, hidden, page_and_depth = numbers[3], numbers[4], numbers[6], numbers[7]
        start = len(SESSION_NUMBERS)
        middle = start + _FEATURES
        end = middle + _HABITS
        session_id, user_id, content_id, main_type, engaged_by_type, device, opened = texts[:7]
        return cls(
            int(numbers[0]),
            int(numbers[1]),
            int(numbers[2]),
            int(acted) if acted == acted else None,
            int(interacted) if interacted == interacted else None,
            int(numbers[5]),
            int(hidden) if hidden == hidden else None,
            page_and_depth % DEPTH_STEPS / 10_000 if page_and_depth == page_and_depth else 0.0,
            session_id or "",
            user_id,
            content_id,
            main_type,
            engaged_by_type,
            device,
            opened,
            int(numbers[8]),
            numbers[start:middle],
            numbers[middle:end],
            numbers[9] * SLICE_MS if numbers[9] == numbers[9] else 0.0,
            numbers[end:],
            # A row that was pending when the job had another version has none.
            texts[7] if len(texts) > 7 else None,
        )


class ContentWindow(NamedTuple):
    """One minute of one content item."""

    end_ms: int
    first_ms: int
    new_exits: int
    """Readers that left in the newest slice, and had not left in the rest of the minute: who comes and goes counts once."""
    new_rapid_exits: int
    """Those of them that left within 10 s."""
    reader_slices: int
    """Slices in which a reader had signals, over all readers."""
    leavers: tuple[int, ...]
    """Hashes of those who left within 10 s, by which one who comes back is known; none where they are more than two."""
    content_id: str
    content_type: str | None
    values: Numbers
    """By feature."""

    @classmethod
    def from_crossing(cls, numbers: Numbers, texts: Texts) -> "ContentWindow":
        start = len(CONTENT_NUMBERS)
        end_ms, first_ms, new_exits, new_rapid_exits, reader_slices = map(int, numbers[: start - 2])
        # The least and the greatest of one hash, or of two, are all.
        hashes = numbers[start - 2 : start - 2 + new_rapid_exits] if new_rapid_exits <= MAX_LEAVERS else ()
        return cls(
            end_ms,
            first_ms,
            new_exits,
            new_rapid_exits,
            reader_slices,
            tuple(map(int, hashes)),
            texts[0] or "",
            texts[1],
            numbers[start : start + len(CONTENT_NAMES)],
        )


class TriggerEvent(NamedTuple):
    """One event that can change a decision by itself: a click, a feedback, a change of context, a page that is opened; or one
    that rules count or have in a sequence."""

    at_ms: int
    value: float
    rtt_ms: float
    downlink_kbps: float
    saves_data: float
    rage: float
    """Clicks of a rage click, this one included."""
    session_id: str
    user_id: str | None
    content_id: str | None
    event_id: str
    type: str
    content_type: str | None
    placement: str | None
    element: str | None
    device: str | None
    country: str | None
    language: str | None
    page_url: str | None
    os: str | None = None
    browser: str | None = None
    region: str | None = None
    languages: str | None = None
    timezone: str | None = None
    text: str | None = None
    """What a feedback says, up to `MAX_TEXT_CHARS`. It is scored and forgotten: no state, log or evidence holds it."""
    user_expertise: str | None = None

    @classmethod
    def from_crossing(cls, numbers: Numbers, texts: Texts) -> "TriggerEvent":
        return cls(int(numbers[0]), *numbers[1:], *texts)  # type: ignore[arg-type]

    def fields(self) -> dict[str, Any]:
        """The fields by name, as the expressions of own counters and sequences read them, but for what is said in words."""
        saves_data = None if self.saves_data != self.saves_data else self.saves_data > 0
        return {**self._asdict(), "save_data": saves_data, "text": None}


def section_minute(numbers: Numbers, texts: Texts) -> SectionMinute:
    """The minute of a section that a crossing row holds."""
    end_ms, readers, passers, seen_ms = map(int, numbers)
    return SectionMinute(end_ms, readers, passers, seen_ms, texts[0] or "", texts[1], texts[2] or "")


def session_key(session_id: str) -> str:
    """The key of a session's windows and events."""
    return SESSION_PREFIX + session_id


def session_id_of(key: str) -> str:
    """The session of a key that `session_key` made."""
    return key[len(SESSION_PREFIX) :]


def content_key(content_id: str) -> str:
    """The key of a content item's windows."""
    return CONTENT_PREFIX + content_id


def target_key(target: Target) -> str:
    """The key of what is proposed about a target: that of its windows and events.

    >>> target_key(Target("content", "morning-news"))
    'cmorning-news'
    """
    match target.kind:
        case "session":
            return SESSION_PREFIX + target.id
        case "content":
            return CONTENT_PREFIX + target.id
        case "segment":
            return SEGMENT_PREFIX + target.id


def unpack(row: Any) -> tuple[str, Numbers, Texts]:
    """Returns kind, numbers and texts of a crossing row."""
    kind, numbers, texts = row
    return kind, numbers, texts
