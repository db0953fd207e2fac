"""Stage: remembers where and on what a session's reader reads, and adds what is known of the item in view."""

from typing import Any

from models.reading_context import ReadingContext, decode_context, input_of
from udfs.keyed_state import StateField
from udfs.stages.base import LaneSetup, Stage
from udfs.stages.content_signals import add_content_signals
from udfs.stages.evaluation import SessionEvaluation

_UNKNOWN = ReadingContext()


class SessionContextStage(Stage):
    """Owns the context of each session: the last one told, since pages tell it when they open and not each minute.

    Runs after the clock, which knows the device of silent windows too. Dies with the session.
    """

    def __init__(self, setup: LaneSetup) -> None:
        self._catalogue = setup.control.content.catalogue
        self._field = StateField.json("reading-context-v1", ReadingContext, setup.bundle)
        super().__init__(self._field)

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        key, window = evaluation.key, evaluation.window
        if window is not None and window.context is not None:
            told = decode_context(window.context)
            if told is not None and told != self._field.get(key):
                self._field.set(key, told)
        signals, known = evaluation.signals, self._field.get(key)
        signals.attributes["input"] = input_of(signals.attributes.get("device"))
        if known is not None:
            signals.attributes.update(known.texts())
            signals.scalars.update(known.numbers())
        if window is not None and len(self._catalogue):
            known = known or _UNKNOWN
            add_content_signals(
                evaluation, self._catalogue, window.content_id, known.country, known.language, known.languages
            )
