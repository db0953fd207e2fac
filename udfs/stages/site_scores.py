"""Stage: tells a session's window how odd the whole site was a minute before."""

from typing import Any

from models.features import SITE_ODDNESS
from udfs.stages.base import LaneSetup, Stage
from udfs.stages.evaluation import SessionEvaluation


class SiteScoreStage(Stage):
    """Has no state of its own: the scores come by broadcast."""

    def __init__(self, setup: LaneSetup) -> None:
        self._scores = setup.site_scores
        super().__init__()

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        if self._scores is None:
            return
        score = self._scores.resolve(evaluation.at_ms)
        if score is not None:
            evaluation.signals.scalars[SITE_ODDNESS] = score
