"""The rows that cross from SQL into Python, by kind: what stands where in their two arrays."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from models.features import CONTENT_NAMES, SESSION_NAMES

SESSION, CONTENT, EVENT, LATE, REJECTED, TALLY = "session", "content", "event", "late", "rejected", "tally"

SESSION_PREFIX, CONTENT_PREFIX, PARTITION_PREFIX, TALLY_KEY = "s", "c", "p", "t"
"""First letters of the keys: rows of all kinds share one keyed operator, and ids of different kinds may be alike."""


class SessionUpdateKind(StrEnum):
    """What a row for session-state.v1 holds as JSON (`models/session_state.py`)."""

    ACTION = "seen"
    SCORES = "scored"
    COMMAND = "command"


_FEATURES: Final = len(SESSION_NAMES)

SESSION_NUMBERS: Final = ("window_end_ms", "first_ms", "interacted_ms", "last_ms", "peer_windows", "hidden_ms")
SESSION_TEXTS: Final = ("session_id", "user_id", "content_id", "main_type", "engaged_by_type", "device")
CONTENT_NUMBERS: Final = ("window_end_ms",)
CONTENT_TEXTS: Final = ("content_id", "content_type")
EVENT_NUMBERS: Final = ("at_ms", "`value`", "context.rtt_ms", "context.downlink_kbps", "saves_data")
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
)
LATE_NUMBERS: Final = ("occurred_at_ms", "received_at_ms", "`partition`", "`offset`")
LATE_TEXTS: Final = ("event_id", "type", "session_id")
REJECTED_NUMBERS: Final = ("`partition`", "`offset`", "written_ms")
REJECTED_TEXTS: Final = ("reject_reason", "reject_detail", "original_latin1")
TALLY_NUMBERS: Final = ("window_end_ms", "events", "repeats")

Numbers = Sequence[float]
Texts = Sequence[str | None]


class SessionWindow(NamedTuple):
    """One minute of one session. Unknown numbers are NaN, unknown texts None."""

    end_ms: int
    first_ms: int
    interacted_ms: int | None
    last_ms: int
    hidden_ms: int | None
    session_id: str
    user_id: str | None
    content_id: str | None
    main_type: str | None
    engaged_by_type: str | None
    device: str | None
    values: Numbers
    peer_windows: float
    peer_means: Numbers
    peer_spreads: Numbers

    @classmethod
    def from_crossing(cls, numbers: Numbers, texts: Texts) -> "SessionWindow":
        interacted, hidden = numbers[2], numbers[5]
        start = len(SESSION_NUMBERS)
        middle, end = start + _FEATURES, start + 2 * _FEATURES
        session_id, user_id, content_id, main_type, engaged_by_type, device = texts
        return cls(
            int(numbers[0]),
            int(numbers[1]),
            int(interacted) if interacted == interacted else None,
            int(numbers[3]),
            int(hidden) if hidden == hidden else None,
            session_id or "",
            user_id,
            content_id,
            main_type,
            engaged_by_type,
            device,
            numbers[start:middle],
            numbers[4],
            numbers[middle:end],
            numbers[end:],
        )


class ContentWindow(NamedTuple):
    """One minute of one content item."""

    end_ms: int
    content_id: str
    content_type: str | None
    values: Numbers

    @classmethod
    def from_crossing(cls, numbers: Numbers, texts: Texts) -> "ContentWindow":
        return cls(int(numbers[0]), texts[0] or "", texts[1], numbers[1 : 1 + len(CONTENT_NAMES)])


class TriggerEvent(NamedTuple):
    """One event that can change a decision by itself: a click, a feedback, a change of context."""

    at_ms: int
    value: float
    rtt_ms: float
    downlink_kbps: float
    saves_data: float
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

    @classmethod
    def from_crossing(cls, numbers: Numbers, texts: Texts) -> "TriggerEvent":
        return cls(int(numbers[0]), *numbers[1:], *texts)  # type: ignore[arg-type]


def session_key(session_id: str) -> str:
    """The key of a session's windows and events."""
    return SESSION_PREFIX + session_id


def session_id_of(key: str) -> str:
    """The session of a key that `session_key` made."""
    return key[len(SESSION_PREFIX) :]


def content_key(content_id: str) -> str:
    """The key of a content item's windows."""
    return CONTENT_PREFIX + content_id


def unpack(row: Any) -> tuple[str, Numbers, Texts]:
    """Returns kind, numbers and texts of a crossing row."""
    kind, numbers, texts = row
    return kind, numbers, texts
