"""What the stages hand to each other while one window or event is looked at."""

from dataclasses import dataclass, field

from models.categories import Rise
from models.ranking import Click
from models.rules import Facts
from udfs.rows import ContentWindow, Gesture, SessionWindow


@dataclass(slots=True)
class SessionTurn:
    """One window of a session. `window` is None where nothing happened in it."""

    key: str
    end_ms: int
    window: SessionWindow | None
    facts: Facts
    rise: Rise | None = None
    is_typical: bool = False
    """Whether it may teach: something happened, and the session is older than the window is long."""


@dataclass(slots=True)
class ContentTurn:
    """One window of a content item."""

    key: str
    window: ContentWindow
    facts: Facts


@dataclass(slots=True)
class GestureTurn:
    """One event of the fast lane."""

    key: str
    gesture: Gesture
    facts: Facts
    clicks: list[Click] = field(default_factory=list)
