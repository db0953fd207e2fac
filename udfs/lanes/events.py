"""The fast lane: one event that can change a decision by itself."""

from typing import Any

from pyflink.datastream import RuntimeContext

from models.rules.compiled import Facts
from schemas.commands import AdjustmentCommand
from udfs.crossing_rows import Gesture, Numbers, Texts
from udfs.keyed_state import KeyedStateBundle
from udfs.stages.broadcast_control import ControlStage
from udfs.stages.decisions import DecisionStage
from udfs.stages.evaluation import GestureTurn
from udfs.stages.recent_clicks import GestureStage


class GestureLane:
    """Judges each gesture once; `repeated` counts those that had been there before."""

    def __init__(self, control: ControlStage, repeated: Any) -> None:
        self._control = control
        self._repeated = repeated
        self._bundle = KeyedStateBundle("fast-lane-v2")
        self._gestures = GestureStage(self._bundle)
        self._decisions = DecisionStage("event-decisions-v1", self._bundle)

    def open(self, context: RuntimeContext) -> None:
        self._gestures.open(context)
        self._decisions.open(context)

    def on_row(self, numbers: Numbers, texts: Texts, ctx: Any) -> list[AdjustmentCommand]:
        gesture = Gesture.read(numbers, texts)
        turn = GestureTurn("s" + gesture.session_id, gesture, Facts())
        # By the gestures' own times: in a replay a new session's first click can overtake the timer of the old one.
        self._forget_old(turn.key, turn.at_ms)
        commands: list[AdjustmentCommand] = []
        if self._gestures.on_event(turn, ctx):
            commands = self._decisions.decide(turn, self._control.book.lane("event"))
        else:
            self._repeated.inc()
        self._bundle.flush(turn.key)
        return commands

    def on_timer(self, key: str, at_ms: int, ctx: Any) -> None:
        """Forgets the session if it is over, or looks again later."""
        self._forget_old(key, at_ms)
        self._gestures.arm(key, ctx)
        self._bundle.flush(key)

    def _forget_old(self, key: str, now_ms: int) -> None:
        if self._gestures.is_over(key, now_ms):
            self._gestures.forget(key)
            self._decisions.forget(key)
