"""The signals of one window or event that rules evaluate."""

from collections.abc import Callable, Mapping, Sequence

from models.detectors.baselines import Baselines


class Facts:
    """What is known at one window or event. NaN in `values` and a missing name in `live` mean unknown.

    `values` and what is parallel to it follow the feature list of the lane; `live` holds what stands outside of it.
    """

    def __init__(
        self,
        values: Sequence[float] = (),
        z_self: Sequence[float | None] = (),
        z_peers: Sequence[float | None] = (),
        peer_means: Sequence[float] = (),
        baselines: Baselines | None = None,
        live: dict[str, float] | None = None,
        texts: dict[str, str | None] | None = None,
        forest_score: float | None = None,
        forest_threshold: float | None = None,
        contributions: Callable[[], Mapping[str, float]] | None = None,
        window_start_ms: int | None = None,
        window_end_ms: int | None = None,
    ) -> None:
        self.values = values
        self.z_self = z_self
        self.z_peers = z_peers
        self.peer_means = peer_means
        self.baselines = baselines
        self.live: dict[str, float] = {} if live is None else live
        self.texts: dict[str, str | None] = {} if texts is None else texts
        self.forest_score = forest_score
        self.ask_forest: Callable[[], float] | None = None
        self.forest_threshold = forest_threshold
        self.contributions = contributions
        self.window_start_ms = window_start_ms
        self.window_end_ms = window_end_ms

    def score(self) -> float | None:
        """The anomaly score, asked for once and only if a rule gets as far: it costs three times all baselines."""
        if self.forest_score is None and self.ask_forest is not None:
            self.forest_score = self.ask_forest()
        return self.forest_score
