"""Stage: compares a reader's time with an item with the time that its words ask for."""

from typing import Any, Final

from models.judgement.layout import PLACES
from models.language.reading_progress import PAGE, ReadingProgress
from udfs.keyed_state import StateField
from udfs.stages.base import LaneSetup, Stage
from udfs.stages.evaluation import SessionEvaluation

_ENGAGED: Final = PLACES["engaged_ms"]
_SCROLLED: Final = PLACES["scroll_distance"]


class ReadingStage(Stage):
    """Owns, per session, the progress with the item in view. Nothing is kept of items whose words no CMS has told.

    Runs after the habits, which find the newest ten seconds of the window. Those in which a page was opened count for that page
    as a whole.
    """

    def __init__(self, setup: LaneSetup) -> None:
        self._catalogue = setup.control.content.catalogue
        self._progress: StateField[ReadingProgress] = StateField.json("reading-v1", ReadingProgress, setup.bundle)
        super().__init__(self._progress)

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        """Adds `reading_pace` and its kin to the signals, where the words of the item in view are known."""
        window, newest = evaluation.window, evaluation.newest
        if window is None or window.content_id is None:
            return
        item = self._catalogue.get(window.content_id)
        words = None if item is None else item.words
        progress = self._progress.get(evaluation.key)
        if progress is None and words is None:
            return
        progress = progress or ReadingProgress()
        if window.content_id != progress.content_id:
            before = self._catalogue.get(progress.content_id)
            progress.open_item(window.content_id, None if before is None else before.words)
        if newest is not None:
            depth = round(max(newest.depth, 0.0) * PAGE)
            progress.add_slice(newest.values[_ENGAGED], newest.values[_SCROLLED], depth)
        self._progress.set(evaluation.key, progress)
        evaluation.signals.scalars.update(progress.scalars(words))
