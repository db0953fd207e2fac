"""Stage: what session-state.v1 is to hold of a window and of commands, as rows for the operator that writes it."""

from typing import Any, Final

import msgspec
from pyflink.common import Row

from models.features import SESSION_NAMES
from models.session_states import Scored
from schemas.commands import AdjustmentCommand, encode
from udfs import outputs
from udfs.rows import COMMAND, SCORED
from udfs.stages.turn import SessionTurn

EVERY_MS: Final = 60_000
"""Scores are told when a window ends with a minute: windows overlap, and each telling is a record on the topic."""

_NAMES: Final = tuple(f"z_{name}" for name in SESSION_NAMES)
_encoder: Final = msgspec.json.Encoder()


class TellingStage:
    """Has no keyed state: what it was told while one row was looked at is taken with that row's commands."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, Row]] = []

    def on_window(self, turn: SessionTurn) -> None:
        window = turn.window
        if window is None or turn.at_ms % EVERY_MS:
            return
        scores = {"isolation_forest": turn.facts.score(), **dict(zip(_NAMES, turn.facts.z_self, strict=True))}
        scored = Scored(window.session_id, turn.at_ms, window.user_id, window.main_type, scores)
        self._tell(window.session_id, SCORED, _encoder.encode(scored))

    def on_commands(self, commands: list[AdjustmentCommand]) -> None:
        for command in commands:
            if command.target.kind == "session":
                self._tell(command.target.id, COMMAND, encode(command))

    def take(self) -> list[tuple[Any, Row]]:
        """(output, row) of all that was told since the last time."""
        rows, self._rows = self._rows, []
        return rows

    def _tell(self, session_id: str, kind: str, body: bytes) -> None:
        self._rows.append((outputs.TOLD, Row(session_id, Row(kind, body.decode()))))
