"""Stage: judges a content item's windows by the item's own habits."""

from pyflink.datastream import RuntimeContext

from models.judgement.content_readings import ContentReadings
from models.judgement.judged_content import JudgedContent
from udfs.keyed_state import KeyedStateBundle, StateField
from udfs.stages.evaluation import ContentEvaluation


class ContentHabitStage:
    """Owns the habits of each content item."""

    def __init__(self, window_ms: int, bundle: KeyedStateBundle) -> None:
        self._window_ms = window_ms
        self._habits: StateField[JudgedContent] = StateField(
            "content-habits-v2", JudgedContent.to_text, JudgedContent.from_text, bundle
        )

    def open(self, context: RuntimeContext) -> None:
        self._habits.open(context)

    def is_over(self, key: str, now_ms: int) -> bool:
        """Whether nobody has read the item for so long that another window begins anew."""
        judged = self._habits.get(key)
        return judged is not None and judged.is_over(now_ms)

    def clear(self, key: str) -> None:
        self._habits.clear(key)

    def on_window(self, evaluation: ContentEvaluation) -> None:
        """Adds values and readings to the signals."""
        judged = self._habits.get(evaluation.key) or JudgedContent()
        judged.on_window(evaluation.window)
        self._habits.set(evaluation.key, judged)
        signals = evaluation.signals
        signals.values = evaluation.values
        signals.readings = ContentReadings(judged, evaluation.values)
        signals.is_whole = evaluation.at_ms - judged.since_ms >= self._window_ms
