"""Stage: scores what a reader says, remembers the score for some minutes, and counts signs of struggling."""

from pyflink.datastream import RuntimeContext

from models.language.feedback import FeedbackMemory, add_feedback, add_rage_click, recalled
from models.language.sentiment import sentiment
from udfs.keyed_state import KeyedStateBundle, StateField
from udfs.stages.evaluation import EventEvaluation


class FeedbackStage:
    """Owns, per session, the last rating and sentiment and the latest rage clicks. The text itself goes no further than here."""

    def __init__(self, bundle: KeyedStateBundle | None = None) -> None:
        self._field = StateField.json("feedback-v1", FeedbackMemory, bundle)

    def open(self, context: RuntimeContext) -> None:
        self._field.open(context)

    def on_event(self, evaluation: EventEvaluation) -> None:
        """Adds to the signals what the reader has said, and how often he struggled. Runs after the recent clicks are known."""
        event, at_ms = evaluation.event, evaluation.at_ms
        memory = self._field.get(evaluation.key)
        if event.type == "feedback":
            score = sentiment(event.text, event.language)
            memory = add_feedback(memory or FeedbackMemory(), at_ms, event.value, score)
            self._field.set(evaluation.key, memory)
        elif event.type == "click" and event.rage >= 1.0:
            memory = add_rage_click(memory or FeedbackMemory(), at_ms)
            self._field.set(evaluation.key, memory)
        scalars = evaluation.signals.scalars
        scalars.update(recalled(memory or FeedbackMemory(), at_ms))
        scalars["struggles"] = scalars["rage_clicks"] + scalars["returns"]

    def clear(self, key: str) -> None:
        self._field.clear(key)
