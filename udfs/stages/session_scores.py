"""Stage: what session-state.v1 is to hold of a window, as rows for the operator that writes it."""

from typing import Any, Final

import msgspec
from pyflink.common import Row

from models.features import SESSION_NAMES
from models.session_state import Scored
from udfs import side_outputs
from udfs.crossing_rows import SCORED
from udfs.stages.evaluation import SessionTurn

EVERY_MS: Final = 60_000
"""Scores are told when a window ends with a minute: windows overlap, and each telling is a record on the topic."""

_NAMES: Final = tuple(f"z_{name}" for name in SESSION_NAMES)
_encoder: Final = msgspec.json.Encoder()


class TellingStage:
    """Has no keyed state: what is told while a row is looked at is taken with it."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, Row]] = []

    def on_window(self, turn: SessionTurn) -> None:
        window = turn.window
        if window is None or turn.at_ms % EVERY_MS:
            return
        scores = {"isolation_forest": turn.facts.score(), **dict(zip(_NAMES, turn.facts.z_self, strict=True))}
        scored = Scored(window.session_id, turn.at_ms, window.user_id, window.main_type, scores)
        self._rows.append((side_outputs.TOLD, Row(window.session_id, Row(SCORED, _encoder.encode(scored).decode()))))

    def take(self) -> list[tuple[Any, Row]]:
        """(output, row) of all that was told since the last time."""
        rows, self._rows = self._rows, []
        return rows
