"""Stage: how anomalous is the window as a whole? Scores it with the forest of its content type and epoch."""

import logging
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from models.features import SESSION_LAYOUT, SESSION_NAMES
from models.isolation_forest.messages import Refit
from models.isolation_forest.registry import Forest, Forests, forest_input
from models.isolation_forest.scorer import ForestScorer
from udfs.stages.evaluation import SessionTurn

_log: Final = logging.getLogger(__name__)


class ForestStage:
    """Owns the forests in force. They come by broadcast; keyed state holds none of them."""

    def __init__(self, forests: Forests) -> None:
        self._forests = forests

    def on_refit(self, refit: Refit) -> None:
        if refit.status == "begins":
            self._forests.begin(refit.content_type, refit.epoch)
            return
        forest = None
        if refit.status == "fitted" and refit.layout != SESSION_LAYOUT.header:
            # The features have changed between two runs of the job. Until the next refit the shipped forest decides.
            _log.warning("the forest %s@%d was fitted on other features: ignored", refit.content_type, refit.epoch)
        elif refit.status == "fitted":
            scorer = ForestScorer(refit.model_bytes())
            forest = Forest(scorer, refit.threshold, f"{refit.content_type}@{refit.epoch}")
        self._forests.announce(refit.content_type, refit.epoch, forest)

    def is_pending(self, content_type: str | None, end_ms: int) -> bool:
        return self._forests.find(content_type or "", end_ms) == "pending"

    def on_window(self, turn: SessionTurn) -> None:
        """Adds the threshold to the facts, and the score and the features' contributions for whoever asks."""
        window = turn.window
        if window is None:
            return
        forest = self._forests.settle(window.main_type or "", turn.at_ms)
        values = window.values
        turn.facts.forest_threshold = forest.threshold
        turn.facts.ask_forest = lambda: forest.scorer.score(forest_input(values))
        turn.facts.contributions = lambda: _strongest(forest.scorer, forest_input(values))


def _strongest(scorer: ForestScorer, row: "np.ndarray[Any, Any]", most: int = 3) -> Mapping[str, float]:
    """The features that did most for the score."""
    _, parts = scorer.explain(row)
    ordered = sorted(zip(SESSION_NAMES, parts, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return dict(ordered[:most])
