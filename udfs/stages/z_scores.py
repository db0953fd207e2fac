"""Stages: score each feature against the target's own past, and against its peers."""

from typing import Any

from models.detectors.baselines import Baselines
from models.detectors.peers import z_scores
from models.feature_layout import FeatureLayout
from models.features import SESSION_LAYOUT
from udfs.keyed_state import KeyedStateBundle, StateField
from udfs.stages.base import LaneSetup, Stage
from udfs.stages.evaluation import SessionEvaluation, WindowEvaluation


class ZScoreStage(Stage):
    """Owns one set of baselines per session or content item."""

    def __init__(self, state: str, layout: FeatureLayout, bundle: KeyedStateBundle | None = None) -> None:
        self._layout = layout
        self._features = len(layout.names)
        self._met_other_features = False
        self._baselines: StateField[Baselines] = StateField(
            state, lambda held: held.to_text(layout), lambda text: self._read(text), bundle
        )
        super().__init__(self._baselines)

    def _read(self, text: str) -> Baselines:
        if Baselines.header_of(text) != self._layout.header:
            self._met_other_features = True
        return Baselines.from_text(text, self._layout)

    def met_other_features(self, key: str) -> bool:
        """Whether baselines of other features have been read since the start, with those of the current key, which is `key`."""
        self._baselines.get(key)
        return self._met_other_features

    def on_window(self, evaluation: WindowEvaluation, ctx: Any) -> None:
        """Adds values, own baselines and z-scores to the signals."""
        learn = evaluation.may_learn
        baselines = self._baselines.get(evaluation.key) or Baselines(self._features)
        signals = evaluation.signals
        signals.values = evaluation.values
        signals.z_self = baselines.score_and_update(evaluation.values, learn)
        signals.baselines = baselines
        if learn:
            self._baselines.set(evaluation.key, baselines)


class SessionZScoreStage(ZScoreStage):
    """The z-scores of a session."""

    def __init__(self, setup: LaneSetup) -> None:
        super().__init__("z-scores-v1", SESSION_LAYOUT, setup.bundle)


class PeerStage(Stage):
    """Compares a session with the site's other readers, whose means and spreads come with the window. Has no state."""

    def __init__(self, setup: LaneSetup) -> None:
        super().__init__()

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        """Adds the peers' means and the z-scores against them to the signals."""
        window, signals = evaluation.window, evaluation.signals
        if window is not None:
            signals.peer_means = window.peer_means
            signals.z_peers = z_scores(window.values, window.peer_means, window.peer_spreads, window.peer_windows)
        else:
            signals.z_peers = [None] * len(evaluation.values)
