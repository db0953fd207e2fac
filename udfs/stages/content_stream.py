"""Stage: scores each minute of a content item against the item's own past minutes."""

from typing import Final

from pyflink.datastream import RuntimeContext

from models.features import CONTENT_NAMES, ENGAGED_ODDNESS
from models.judgement.stream_detector import StreamDetector
from udfs.keyed_state import KeyedStateBundle, StateField
from udfs.stages.evaluation import ContentEvaluation

_ENGAGED: Final = CONTENT_NAMES.index("engaged_ms")
_MINUTE_MS: Final = 60_000


class ContentStreamStage:
    """Owns the streaming detector of each content item: a kilobyte of state, written once a minute.

    Only windows that end with a minute are scored and learned: they share no second. Within a minute the score is unknown.
    """

    def __init__(self, bundle: KeyedStateBundle) -> None:
        self._detectors: StateField[StreamDetector] = StateField(
            "content-stream-v1", StreamDetector.to_text, StreamDetector.from_text, bundle
        )

    def open(self, context: RuntimeContext) -> None:
        self._detectors.open(context)

    def clear(self, key: str) -> None:
        self._detectors.clear(key)

    def on_window(self, evaluation: ContentEvaluation) -> None:
        """Adds the score to the signals of a window that ends with a minute and covers it."""
        if evaluation.at_ms % _MINUTE_MS or not evaluation.signals.is_whole:
            return
        detector = self._detectors.get(evaluation.key) or StreamDetector()
        score = detector.score(evaluation.values[_ENGAGED], evaluation.at_ms)
        self._detectors.set(evaluation.key, detector)
        if score is not None:
            evaluation.signals.scalars[ENGAGED_ODDNESS] = score
