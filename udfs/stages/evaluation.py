"""Context of one evaluation of a window or event, handed from stage to stage."""

from abc import ABC, abstractmethod
from typing import Any

from models.detectors.categories import CategoryRise
from models.recent_clicks import Click, rank_by_decay
from models.rules.compiled import Facts
from models.rules.evaluation import Subject
from schemas.commands import Target
from udfs.crossing_rows import ContentWindow, SessionWindow, TriggerEvent, content_key, session_key


class Evaluation(ABC):
    """One evaluation of one target.

    `at_ms` is the event time of the decision; `trigger` is the part of the command id that names the window or event.
    """

    def __init__(self, key: str, at_ms: int, trigger: str, facts: Facts) -> None:
        self.key = key
        self.at_ms = at_ms
        self.trigger = trigger
        self.facts = facts

    @abstractmethod
    def subject(self) -> Subject:
        """Returns whom or what a command would be about."""

    @abstractmethod
    def resolve_placeholder(self, name: str) -> Any:
        """Returns the value of a placeholder in a rule's parameters; None where it is unknown."""


class SessionEvaluation(Evaluation):
    """One window of a session. `window` is None where nothing happened in it."""

    def __init__(self, session_id: str, end_ms: int, window: SessionWindow | None, facts: Facts) -> None:
        super().__init__(session_key(session_id), end_ms, f"window:{end_ms}", facts)
        self.session_id = session_id
        self.window = window
        self.rise: CategoryRise | None = None
        self.may_learn = False
        """Whether detectors learn from it: something happened, and the session is older than the window is long."""

    def subject(self) -> Subject:
        session_id, window = self.session_id, self.window
        if window is None:
            return Subject(Target("session", session_id), session_id, None, None)
        return Subject(Target("session", session_id), session_id, window.user_id, window.content_id)

    def resolve_placeholder(self, name: str) -> Any:
        if name == "$category":
            return self.rise.category if self.rise else None
        return self.window.content_id if self.window and name == "$content_id" else None


class ContentEvaluation(Evaluation):
    """One window of a content item."""

    def __init__(self, window: ContentWindow, facts: Facts) -> None:
        super().__init__(content_key(window.content_id), window.end_ms, f"window:{window.end_ms}", facts)
        self.window = window

    def subject(self) -> Subject:
        content_id = self.window.content_id
        return Subject(Target("content", content_id), None, None, content_id)

    def resolve_placeholder(self, name: str) -> Any:
        return self.window.content_id if name == "$content_id" else None


class EventEvaluation(Evaluation):
    """One trigger event; `clicks` are the reader's recent ones, this event included."""

    def __init__(self, event: TriggerEvent, facts: Facts) -> None:
        super().__init__(session_key(event.session_id), event.at_ms, f"event:{event.event_id}", facts)
        self.event = event
        self.clicks: list[Click] = []

    def subject(self) -> Subject:
        event = self.event
        return Subject(Target("session", event.session_id), event.session_id, event.user_id, event.content_id)

    def resolve_placeholder(self, name: str) -> Any:
        if name == "$content_id":
            return self.event.content_id
        return rank_by_decay(self.clicks, self.at_ms, "content_id" if name == "$recent_contents" else "content_type")
