"""Stage: logs what the models read at each window of a session, and what the session came to, for features.v1."""

from typing import Any, Final

from models.logged_features import TEXT_NAMES
from models.session_clock import SESSION_END_MS
from models.session_summary import SessionSummary
from schemas.features import FeatureRow, encode_feature_row
from udfs.crossing_rows import session_id_of
from udfs.keyed_state import StateField
from udfs.stages.base import LaneSetup, Stage
from udfs.stages.evaluation import SessionEvaluation

MINUTE_MS: Final = 60_000


class FeatureLogStage(Stage):
    """Owns the summary of each session. Runs after all stages that score; rows are drained before the next one comes.

    Silent windows are not logged: nothing is known of them that the one before does not tell. Dies with the session.
    """

    def __init__(self, setup: LaneSetup) -> None:
        self._is_on = setup.log_features
        self._field: StateField[SessionSummary] = StateField(
            "session-summary-v3", SessionSummary.to_text, SessionSummary.from_text, setup.bundle
        )
        self._rows: list[tuple[str, str]] = []
        super().__init__(self._field)

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        window = evaluation.window
        if not self._is_on or window is None:
            return
        known = evaluation.facts.known()
        scores = {name: score.value() for name, score in evaluation.signals.scores.items()}
        if evaluation.shadow_scores is not None:
            scores.update(evaluation.shadow_scores)
        self._add(
            FeatureRow(
                window.session_id,
                evaluation.at_ms,
                "window",
                known.numbers,
                known.texts,
                evaluation.segment,
                scores,
                window.content_id,
                evaluation.models,
                evaluation.segment_models,
            )
        )
        if evaluation.at_ms % MINUTE_MS == 0:
            summary = self._field.get(evaluation.key) or SessionSummary()
            summary.add(known.numbers)
            summary.add_scores(scores)
            summary.texts.update({name: text for name, text in known.texts.items() if text is not None})
            summary.content_id = window.content_id or summary.content_id
            summary.segment = evaluation.segment or summary.segment
            self._field.set(evaluation.key, summary)

    def on_session_end(self, key: str, first_ms: int, last_ms: int) -> None:
        """Logs a session that is over; `first_ms` and `last_ms` are the times of its first and last event."""
        summary = self._field.get(key) if self._is_on else None
        if summary is None:
            return
        self._add(
            FeatureRow(
                session_id_of(key),
                last_ms + SESSION_END_MS,
                "session_end",
                summary.features(last_ms - first_ms),
                {name: summary.texts.get(name) for name in TEXT_NAMES},
                summary.segment,
                summary.scores(),
                summary.content_id,
            )
        )

    def _add(self, row: FeatureRow) -> None:
        self._rows.append((row.session_id, encode_feature_row(row).decode()))

    def drain(self) -> list[tuple[str, str]]:
        """Returns the rows (session id, JSON) added since the last call, and forgets them."""
        rows, self._rows = self._rows, []
        return rows
