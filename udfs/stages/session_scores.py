"""Stage: emits a window's scores, once a minute, for the operator that writes session-state.v1."""

from typing import Any, Final

import msgspec
from pyflink.common import Row

from models.features import SESSION_NAMES
from models.session_state import WindowScores
from udfs import side_outputs
from udfs.crossing_rows import SessionUpdateKind
from udfs.stages.base import LaneSetup, Stage
from udfs.stages.evaluation import SessionEvaluation

EMIT_EVERY_MS: Final = 60_000
"""Scores are emitted when a window ends with a minute: windows overlap, and each emission is a record on the topic."""

_LABELS: Final = tuple((name, f"z_{name}") for name in SESSION_NAMES)
_encoder: Final = msgspec.json.Encoder()


class SessionScoresStage(Stage):
    """Has no keyed state: what a row adds is drained before the next row comes."""

    def __init__(self, setup: LaneSetup) -> None:
        super().__init__()
        self._is_on = setup.emit_scores
        self._rows: list[tuple[Any, Row]] = []

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        window, signals = evaluation.window, evaluation.signals
        if not self._is_on or window is None or evaluation.at_ms % EMIT_EVERY_MS:
            return
        scores = {name: score.value() for name, score in signals.scores.items()}
        readings = signals.readings
        for name, label in _LABELS:
            scores[label] = None if readings is None else readings.z(name, "self")
        body = WindowScores(
            window.session_id, evaluation.at_ms, window.user_id, window.main_type, scores, evaluation.segment
        )
        update = Row(SessionUpdateKind.SCORES.value, _encoder.encode(body).decode())
        self._rows.append((side_outputs.SESSION_UPDATES, Row(window.session_id, update)))

    def drain(self) -> list[tuple[Any, Row]]:
        """Returns the (output, row) pairs added since the last call, and forgets them."""
        rows, self._rows = self._rows, []
        return rows
