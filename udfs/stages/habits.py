"""Stage: judges a session's windows by the reader's own habits and the site's card."""

from math import exp
from statistics import NormalDist
from typing import Any, Final

from models.judgement.breaks import is_at_break
from models.judgement.habits import MINUTE_MS
from models.judgement.judged_session import JudgedSession
from models.judgement.layout import HABIT_NAMES
from models.judgement.presence import MIN_COVERAGE
from models.judgement.session_readings import SessionReadings
from models.judgement.site_card import SiteView
from models.judgement.site_level import site_level
from models.rules.signals import Signals
from udfs.keyed_state import StateField
from udfs.stages.base import LaneSetup, Stage
from udfs.stages.evaluation import SessionEvaluation

MIN_SILENT_MS: Final = 20_000
"""Time without any event before a silence is one: heartbeats of a page that is read come every five seconds."""

MAX_SILENCE_MS: Final = 300_000
"""A silence of this length is the end, not a pause."""

_NOTHING: Final = (0.0,) * len(HABIT_NAMES)
_NORMAL: Final = NormalDist()


class HabitStage(Stage):
    """Owns the habits of each session. The site's cards come by broadcast, its level with each window."""

    def __init__(self, setup: LaneSetup) -> None:
        self._cards = setup.cards
        self._segments = setup.segments
        self._habits: StateField[JudgedSession] = StateField(
            "habits-v1", JudgedSession.to_text, self._read, setup.bundle
        )
        self._met_other_features = False
        super().__init__(self._habits)

    def _read(self, text: str) -> JudgedSession:
        if not JudgedSession.is_of_these_features(text):
            self._met_other_features = True
        return JudgedSession.from_text(text)

    def met_other_features(self, key: str) -> bool:
        """Whether what other features left has been read since the start; `key` is the current key."""
        self._habits.get(key)
        return self._met_other_features

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        """Adds the readings of all features, and what is known of presence, silence and content types."""
        judged = self._habits.get(evaluation.key) or JudgedSession()
        window = evaluation.window
        was_hidden = judged.judgement.hidden
        card = self._cards.resolve(evaluation.session_id, evaluation.at_ms)
        if window is None:
            view = SiteView(card, card.level, card.level)
            judged.on_silent_window(evaluation.at_ms, view)
        else:
            level = site_level(window.site_totals, window.site_active_ms, card)
            view = SiteView(card, level, level)
            judged.on_window(window, view)
        self._habits.set(evaluation.key, judged)
        evaluation.newest = judged.newest
        signals = evaluation.signals
        signals.values = evaluation.values
        in_force = None if self._segments is None else self._segments.in_force
        signals.readings = SessionReadings(
            judged,
            view,
            evaluation.values,
            _NOTHING if window is None else window.wholes,
            None if in_force is None or evaluation.segment is None else in_force.usual.get(evaluation.segment),
        )
        signals.is_whole = judged.visible_ms >= MIN_COVERAGE * MINUTE_MS
        signals.scalars["at_break"] = float(is_at_break(judged.newest, was_hidden))
        self._add_scalars(signals, judged, evaluation, view)

    def _add_scalars(
        self, signals: Signals, judged: JudgedSession, evaluation: SessionEvaluation, view: SiteView
    ) -> None:
        session, scalars, at_ms = judged.judgement, signals.scalars, evaluation.at_ms
        scalars["coverage"] = min(judged.visible_ms / MINUTE_MS, 1.0)
        scalars["knows_presence"] = 1.0 if session.has_heartbeats else 0.0
        scalars["rapid_click_slices"] = float(session.rapid_slices)
        scalars["page_depth"] = session.depth
        since = session.recommended_ms if session.recommended_ms >= 0 else session.first_ms
        scalars["since_recommended_click_ms"] = float(max(0, at_ms - since))
        newest = judged.newest
        found = session.newest_type() if newest is not None and newest.opened else None
        if found is not None:
            evaluation.category = found.content_type
            scalars["category_nats"] = found.nats
            scalars["category_pages"] = float(found.pages)
            scalars["category_rise_z"] = -_NORMAL.inv_cdf(exp(-found.nats) / 2.0) if found.nats > 0.0 else 0.0
        if not session.has_heartbeats:
            # A source that never says that a page is open cannot show silence.
            scalars.pop("silence_ms", None)
            return
        scalars["present_ms"] = float(judged.present_ms)
        silence_ms = at_ms - session.acted_ms
        is_silent = newest is None and at_ms - session.last_ms >= MIN_SILENT_MS and not session.hidden
        if is_silent and session.acted_ms >= 0 and silence_ms < MAX_SILENCE_MS:
            scalars["silence_by_bound"] = silence_ms / session.silence_bound_ms(view.card)
