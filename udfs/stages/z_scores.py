"""Stage: scores each feature against the target's own past and against its peers."""

from pyflink.datastream import RuntimeContext

from models.detectors.baselines import Baselines
from models.detectors.peers import z_scores
from models.feature_layout import FeatureLayout
from udfs.crossing_rows import Numbers
from udfs.keyed_state import KeyedStateBundle, StateField
from udfs.stages.evaluation import ContentEvaluation, SessionEvaluation


class ZScoreStage:
    """Owns one set of baselines per session or content item."""

    def __init__(self, state: str, layout: FeatureLayout, bundle: KeyedStateBundle | None = None) -> None:
        self._layout = layout
        self._features = len(layout.names)
        self._met_other_features = False
        self._field: StateField[Baselines] = StateField(
            state, lambda held: held.to_text(layout), lambda text: self._read(text), bundle
        )

    def open(self, context: RuntimeContext) -> None:
        self._field.open(context)

    def _read(self, text: str) -> Baselines:
        if Baselines.header_of(text) != self._layout.header:
            self._met_other_features = True
        return Baselines.from_text(text, self._layout)

    def met_other_features(self, key: str) -> bool:
        """Whether baselines of other features have been read since the start, with those of the current key, which is `key`."""
        self._field.get(key)
        return self._met_other_features

    def on_window(self, evaluation: SessionEvaluation | ContentEvaluation, values: Numbers, learn: bool = True) -> None:
        """Adds values, own baselines and scores to the facts; without `learn` the baselines stay as they are."""
        baselines = self._field.get(evaluation.key) or Baselines(self._features)
        facts = evaluation.facts
        facts.values = values
        facts.z_self = baselines.score_and_update(values, learn)
        facts.baselines = baselines
        if learn:
            self._field.set(evaluation.key, baselines)

    def on_peers(self, evaluation: SessionEvaluation) -> None:
        """Adds the comparison with the site's other readers to the facts."""
        window, facts = evaluation.window, evaluation.facts
        if window is not None:
            facts.peer_means = window.peer_means
            facts.z_peers = z_scores(window.values, window.peer_means, window.peer_spreads, window.peer_windows)
        else:
            facts.peer_means = ()
            facts.z_peers = [None] * self._features

    def clear(self, key: str) -> None:
        self._field.clear(key)
