"""Stage: scores a window as a whole with the Isolation Forest of its content type and epoch."""

import logging
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from models.features import SESSION_NAMES
from models.isolation_forest.messages import RefitMessage
from models.isolation_forest.registry import ForestRegistry, ForestVersion, to_feature_row
from models.isolation_forest.scorer import ForestScorer
from udfs.stages.evaluation import SessionEvaluation

_log: Final = logging.getLogger(__name__)


class IsolationForestStage:
    """Owns the forests in force. They come by broadcast; keyed state holds none of them."""

    def __init__(self, forests: ForestRegistry) -> None:
        self._forests = forests

    def on_refit(self, refit: RefitMessage) -> None:
        """Registers the beginning or the result of a refit."""
        if refit.status == "begins":
            self._forests.begin(refit.content_type, refit.epoch)
            return
        forest = None
        if refit.status == "fitted" and refit.features != SESSION_NAMES:
            # The features have changed between two runs of the job. Until the next refit the shipped forest decides.
            _log.warning("the forest %s@%d was fitted on other features: ignored", refit.content_type, refit.epoch)
        elif refit.status == "fitted":
            scorer = ForestScorer(refit.model_bytes())
            forest = ForestVersion(scorer, refit.threshold, f"{refit.content_type}@{refit.epoch}")
        self._forests.add(refit.content_type, refit.epoch, forest)

    def is_pending(self, content_type: str | None, end_ms: int) -> bool:
        """Whether a refit that may still score this window is under way."""
        return self._forests.lookup(content_type or "", end_ms) == "pending"

    def on_window(self, evaluation: SessionEvaluation) -> None:
        """Adds the threshold to the facts, and on demand the score and the features' contributions."""
        window, facts = evaluation.window, evaluation.facts
        if window is None:
            return
        forest = self._forests.resolve(window.main_type or "", evaluation.at_ms)
        values = window.values
        facts.forest_threshold = forest.threshold
        facts.ask_forest = lambda: forest.scorer.score(to_feature_row(values))
        facts.contributions = lambda: _strongest(forest.scorer, to_feature_row(values))


def _strongest(scorer: ForestScorer, row: "np.ndarray[Any, Any]", limit: int = 3) -> Mapping[str, float]:
    """Returns the features that contributed most to the score."""
    _, parts = scorer.explain(row)
    ordered = sorted(zip(SESSION_NAMES, parts, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return dict(ordered[:limit])
