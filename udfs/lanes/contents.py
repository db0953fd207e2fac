"""The content lane: the last minute of one content item, over all its readers."""

from typing import Any, Final

from pyflink.datastream import RuntimeContext

from models.arbitration.proposed_change import ProposedChange
from udfs.crossing_rows import ContentWindow, Numbers, Texts
from udfs.keyed_state import KeyedStateBundle
from udfs.stages.broadcast_control import BroadcastControl
from udfs.stages.content_habits import ContentHabitStage
from udfs.stages.content_signals import add_content_signals
from udfs.stages.content_stream import ContentStreamStage
from udfs.stages.decisions import DecisionStage
from udfs.stages.evaluation import ContentEvaluation
from udfs.stages.window_refill import WindowRefill

CONTENT_TTL_H: Final = 48
"""Longer than an item is remembered by event time, so that it is event time that decides, also in a replay or after a restart."""


class ContentLane:
    """Evaluates each window of a content item against that item's own past.

    Habits first, decisions second: a decision uses up evidence, so the flush comes after both.
    """

    def __init__(self, window_ms: int, control: BroadcastControl, refill: WindowRefill) -> None:
        self._window_ms = window_ms
        self._refill = refill
        self._catalogue = control.content.catalogue
        self._bundle = KeyedStateBundle("content-v2", CONTENT_TTL_H)
        self._habits = ContentHabitStage(window_ms, self._bundle)
        self._stream = ContentStreamStage(self._bundle)
        self._decisions = DecisionStage("content-decisions-v1", "content_window", control, self._bundle)

    def open(self, context: RuntimeContext) -> None:
        self._habits.open(context)
        self._stream.open(context)
        self._decisions.open(context)

    def on_row(self, numbers: Numbers, texts: Texts, ctx: Any) -> list[ProposedChange]:
        window = ContentWindow.from_crossing(numbers, texts)
        self._refill.on_row(window.end_ms)
        if self._refill.lacks_slices(window.end_ms):
            return []
        evaluation = ContentEvaluation(window, self._window_ms)
        if self._habits.is_over(evaluation.key, window.end_ms):
            self._habits.clear(evaluation.key)
            self._stream.clear(evaluation.key)
            self._decisions.clear(evaluation.key)
        add_content_signals(evaluation, self._catalogue, window.content_id)
        self._habits.on_window(evaluation)
        self._stream.on_window(evaluation)
        changes = self._decisions.decide(evaluation)
        self._bundle.flush(evaluation.key)
        return changes
