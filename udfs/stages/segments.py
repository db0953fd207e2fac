"""Stage: places a session's reader in a segment, by what the reader has done over several minutes."""

from typing import Any

from models.features import SESSION_NAMES
from models.segments.reader import ReaderState
from udfs.keyed_state import StateField
from udfs.stages.base import LaneSetup, Stage
from udfs.stages.evaluation import SessionEvaluation


class SegmentStage(Stage):
    """Owns the means and the segment of each reader. Without segments it does nothing.

    Rules know the segment as ``{context: segment}``, and its name in words as `segment_name`. Runs after the stage that knows the
    device. Dies with the session.
    """

    def __init__(self, setup: LaneSetup) -> None:
        self._segments = setup.segments
        self._field = StateField.json("segment-v1", ReaderState, setup.bundle)
        super().__init__(self._field)

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        segments = self._segments
        if segments is None or not len(segments.in_force):
            return
        state = self._field.get(evaluation.key)
        if evaluation.window is not None:
            features = {
                name: None if value != value else value
                for name, value in zip(SESSION_NAMES, evaluation.values, strict=True)
            }
            state = segments.in_force.after(state or ReaderState(), features, evaluation.signals.attributes)
            self._field.set(evaluation.key, state)
        if state is not None and state.segment in segments.names:
            evaluation.segment = state.segment
            attributes = evaluation.signals.attributes
            attributes["segment"] = state.segment
            attributes["segment_name"] = segments.names[state.segment]
