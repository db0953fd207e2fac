"""Context of one evaluation of a window or event, handed from stage to stage."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from models.arbitration.proposed_change import ProposedChange
from models.judgement.session import SliceEvents
from models.language.section_attention import Attention
from models.logged_features import logged_numbers, logged_texts
from models.recent_clicks import Click, rank_by_decay
from models.rules.evaluation import Subject
from models.rules.event_log import Span
from models.rules.signals import Signals
from models.rules.silences import EndedSilence
from schemas.commands import Target
from udfs.crossing_rows import (
    ContentWindow,
    Numbers,
    SessionWindow,
    TriggerEvent,
    content_key,
    session_id_of,
    session_key,
)


class Evaluation(ABC):
    """One evaluation of one target: the stages fill `signals`, the last one `changes`.

    `at_ms` is the event time of the decision; `trigger` is the part of the command id that names the window or event.
    """

    def __init__(self, key: str, at_ms: int, trigger: str, signals: Signals) -> None:
        self.key = key
        self.at_ms = at_ms
        self.trigger = trigger
        self.signals = signals
        self.changes: list[ProposedChange] = []
        self.session_since_ms: int | None = None
        """When the session began; None for other targets, and where it is not known."""
        self.language: str | None = None
        """The language of the item's version that suits the reader better than its own; None where its own will do."""

    @abstractmethod
    def subject(self) -> Subject:
        """Returns whom or what a command would be about."""

    @abstractmethod
    def resolve_placeholder(self, name: str) -> Any:
        """Returns the value of a placeholder in a rule's parameters; None where it is unknown."""


class WindowEvaluation(Evaluation):
    """One window of a target. `values` follow the feature list of the lane, NaN where unknown."""

    def __init__(self, key: str, end_ms: int, values: Numbers, window_ms: int) -> None:
        signals = Signals(window_start_ms=end_ms - window_ms, window_end_ms=end_ms)
        super().__init__(key, end_ms, f"window:{end_ms}", signals)
        self.values = values
        self.may_learn = False
        """Whether detectors learn from it."""


class KnownWindow(NamedTuple):
    """What is known of a session's window, by name; None for what is not."""

    numbers: dict[str, float | None]
    texts: dict[str, str | None]


class WindowFacts:
    """Puts together what is known of a session's window when it is first asked, so that models and the feature log read the same.

    Refers to no evaluation: a score that asks later is part of one, and only the cyclic garbage collector would free the two.
    """

    def __init__(self, values: Numbers, signals: Signals) -> None:
        self._values = values
        self._scalars = signals.scalars
        self._attributes = signals.attributes
        self._known: KnownWindow | None = None

    def known(self) -> KnownWindow:
        """Returns what is known by name. To be asked after the stages that find it out."""
        if self._known is None:
            self._known = KnownWindow(logged_numbers(self._values, self._scalars), logged_texts(self._attributes))
        return self._known


class SessionEvaluation(WindowEvaluation):
    """One window of a session. `window` is None where nothing happened in it.

    Detectors learn from it if something happened, and the session is older than the window is long.
    """

    def __init__(
        self, session_id: str, end_ms: int, window: SessionWindow | None, values: Numbers, window_ms: int
    ) -> None:
        super().__init__(session_key(session_id), end_ms, values, window_ms)
        self.session_id = session_id
        self.window = window
        self.newest: SliceEvents | None = None
        """What the habits found in the newest ten seconds of the window; None where nothing came."""
        self.category: str | None = None
        """The content type that evidence speaks for."""
        self.segment: str | None = None
        """The group of readers that the session belongs to; None where it is not known."""
        self.models: dict[str, int] = {}
        """Versions of the announced models whose scores the signals hold, by kind."""
        self.segment_models: list[str] = []
        """Kinds among them whose model is for readers of the session's segment alone."""
        self.shadow_scores: dict[str, float] | None = None
        """What models in shadow scored, by name; None without any."""
        self.facts = WindowFacts(values, self.signals)
        if window is not None:
            self.signals.attributes["device"] = window.device
            self.signals.attributes["content_type"] = window.main_type

    def subject(self) -> Subject:
        session_id, window = self.session_id, self.window
        if window is None:
            return Subject(Target("session", session_id), session_id, None, None)
        return Subject(Target("session", session_id), session_id, window.user_id, window.content_id)

    def resolve_placeholder(self, name: str) -> Any:
        if name == "$category":
            return self.category
        if name == "$language":
            return self.language
        return self.window.content_id if self.window and name == "$content_id" else None


class ContentEvaluation(WindowEvaluation):
    """One window of a content item."""

    def __init__(self, window: ContentWindow, window_ms: int) -> None:
        super().__init__(content_key(window.content_id), window.end_ms, window.values, window_ms)
        self.window = window
        self.signals.attributes["content_type"] = window.content_type

    def subject(self) -> Subject:
        content_id = self.window.content_id
        return Subject(Target("content", content_id), None, None, content_id)

    def resolve_placeholder(self, name: str) -> Any:
        return self.window.content_id if name == "$content_id" else None


class SectionEvaluation(Evaluation):
    """The sections of one content item at the end of a minute. `order` is that of the page, empty where no CMS tells it."""

    def __init__(
        self, content_id: str, content_type: str | None, end_ms: int, found: Attention, order: Sequence[str]
    ) -> None:
        signals = Signals(window_start_ms=end_ms - 60_000, window_end_ms=end_ms)
        super().__init__(content_key(content_id), end_ms, f"sections:{end_ms}", signals)
        self._content_id = content_id
        self._found = found
        signals.attributes["content_type"] = content_type
        scalars = signals.scalars
        scalars["passed_readers"] = float(found.passed_readers)
        scalars["passed_share"] = found.passed_share
        scalars["passed_share_elsewhere"] = found.passed_share_elsewhere
        scalars["held_readers"] = float(found.held_readers)
        if found.held_by_others is not None:
            scalars["held_by_others"] = found.held_by_others
        if found.held in order and found.passed in order:
            scalars["held_after_passed"] = float(order.index(found.held) > order.index(found.passed))

    def subject(self) -> Subject:
        return Subject(Target("content", self._content_id), None, None, self._content_id)

    def resolve_placeholder(self, name: str) -> Any:
        return {
            "$content_id": self._content_id,
            "$passed_section": self._found.passed,
            "$held_section": self._found.held,
            "$sections_by_attention": list(self._found.by_attention),
        }.get(name)


class EventEvaluation(Evaluation):
    """One trigger event; `clicks` are the reader's recent ones, this event included."""

    def __init__(self, event: TriggerEvent) -> None:
        super().__init__(session_key(event.session_id), event.at_ms, f"event:{event.event_id}", Signals())
        self.event = event
        self.clicks: list[Click] = []

    def subject(self) -> Subject:
        event = self.event
        return Subject(Target("session", event.session_id), event.session_id, event.user_id, event.content_id)

    def resolve_placeholder(self, name: str) -> Any:
        if name == "$language":
            return self.language
        return _of_event(name, self.event.content_id, self.clicks, self.at_ms)


class SilenceEvaluation(Evaluation):
    """A silence that is over, about the event with which it began: its fields, and the counters as they stood then."""

    def __init__(self, key: str, ended: EndedSilence) -> None:
        silence, sequence = ended.silence, ended.rule.sequence
        signals = Signals(scalars=silence.scalars, attributes=dict(silence.attributes))
        if sequence is not None:
            signals.completed = {sequence.key: Span(silence.start.at_ms, silence.deadline_ms)}
        super().__init__(key, silence.deadline_ms, f"silence:{silence.event_id}", signals)
        self.silence = silence

    def subject(self) -> Subject:
        session_id = session_id_of(self.key)
        return Subject(Target("session", session_id), session_id, self.silence.user_id, self.silence.content_id)

    def resolve_placeholder(self, name: str) -> Any:
        return _of_event(name, self.silence.content_id, self.silence.clicks, self.silence.start.at_ms)


def _of_event(name: str, content_id: str | None, clicks: list[Click], at_ms: int) -> Any:
    if name == "$content_id":
        return content_id
    if name not in _RANKED:
        return None
    return rank_by_decay(clicks, at_ms, _RANKED[name])


_RANKED: Final = {"$recent_contents": "content_id", "$recent_types": "content_type"}
