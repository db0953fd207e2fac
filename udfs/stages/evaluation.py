"""What the stages hand to each other while one window or event is looked at."""

from abc import ABC, abstractmethod
from typing import Any

from models.detectors.categories import Rise
from models.recent_clicks import Click, ranked
from models.rules.compiled import Facts
from models.rules.evaluation import Subject
from schemas.commands import Target
from udfs.crossing_rows import ContentWindow, Gesture, SessionWindow


class Turn(ABC):
    """One look at one target. `at_ms` is the event time of the decision, `trigger` what it will be known by."""

    def __init__(self, key: str, at_ms: int, trigger: str, facts: Facts) -> None:
        self.key = key
        self.at_ms = at_ms
        self.trigger = trigger
        self.facts = facts

    @abstractmethod
    def subject(self) -> Subject:
        """Whom or what a command would be about."""

    @abstractmethod
    def fill(self, name: str) -> Any:
        """The value of a placeholder in a rule's parameters; None where it is unknown."""


class SessionTurn(Turn):
    """One window of a session. `window` is None where nothing happened in it."""

    def __init__(self, key: str, end_ms: int, window: SessionWindow | None, facts: Facts) -> None:
        super().__init__(key, end_ms, f"window:{end_ms}", facts)
        self.window = window
        self.rise: Rise | None = None
        self.is_typical = False
        """Whether it may teach: something happened, and the session is older than the window is long."""

    def subject(self) -> Subject:
        session_id, window = self.key[1:], self.window
        if window is None:
            return Subject(Target("session", session_id), session_id, None, None)
        return Subject(Target("session", session_id), session_id, window.user_id, window.content_id)

    def fill(self, name: str) -> Any:
        if name == "$category":
            return self.rise.category if self.rise else None
        return self.window.content_id if self.window and name == "$content_id" else None


class ContentTurn(Turn):
    """One window of a content item."""

    def __init__(self, key: str, window: ContentWindow, facts: Facts) -> None:
        super().__init__(key, window.end_ms, f"window:{window.end_ms}", facts)
        self.window = window

    def subject(self) -> Subject:
        content_id = self.window.content_id
        return Subject(Target("content", content_id), None, None, content_id)

    def fill(self, name: str) -> Any:
        return self.window.content_id if name == "$content_id" else None


class GestureTurn(Turn):
    """One event of the fast lane; `clicks` are the reader's recent ones, this event included."""

    def __init__(self, key: str, gesture: Gesture, facts: Facts) -> None:
        super().__init__(key, gesture.at_ms, f"event:{gesture.event_id}", facts)
        self.gesture = gesture
        self.clicks: list[Click] = []

    def subject(self) -> Subject:
        gesture = self.gesture
        return Subject(Target("session", gesture.session_id), gesture.session_id, gesture.user_id, gesture.content_id)

    def fill(self, name: str) -> Any:
        if name == "$content_id":
            return self.gesture.content_id
        return ranked(self.clicks, self.at_ms, "content_id" if name == "$recent_contents" else "content_type")
