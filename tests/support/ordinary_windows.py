"""A feature log of readers who are alike, one window a minute, for detectors to learn from."""

import numpy as np

from models.features import FOREST_FEATURES
from models.learning.windows import MINUTE_MS
from schemas.features import FeatureRow

BEGINNING = 1_760_000_040_000 // MINUTE_MS * MINUTE_MS


def recorded(seed: int, minutes: int = 1_500, odd_share: float = 0.0, scale: float = 1.0) -> list[FeatureRow]:
    """Windows of as many readers. Those that are odd do 20 times as much of everything; `scale` is how much all do."""
    random = np.random.default_rng(seed)
    rows = []
    for place in range(minutes):
        factor = 20.0 if random.random() < odd_share else 1.0
        values = random.gamma(4.0, 0.25, len(FOREST_FEATURES)) * scale * factor
        features: dict[str, float | None] = dict(zip(FOREST_FEATURES, values.tolist(), strict=True))
        if random.random() < 0.1:
            features[FOREST_FEATURES[0]] = None
        at_ms = BEGINNING + place * MINUTE_MS
        rows.append(FeatureRow(f"s{place}", at_ms, "window", features, {}, None, {"isolation_forest": 0.5}, None))
    return rows
