"""Trains one model of each kind for a benchmark of the job with all of them in force: length, tone, forest and anomaly.

Their accuracy does not matter here, their size does: lengths and tones are trained on planted preferences, detectors on windows
of world S4, with the defaults of `microadjust models train`.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final, Literal

import msgspec
import numpy as np

from infra.bench.rules import windows
from infra.learning.announcing import Announcement, announcement
from infra.simulate.preferences import CHOOSING, readers
from models.anomaly import fit as anomaly
from models.anomaly.onnx_export import to_onnx as anomaly_to_onnx
from models.features import FOREST_FEATURES, SESSION_NAMES
from models.isolation_forest.registry import to_feature_row
from models.learning.examples import Examples
from models.learning.options import TrainingOptions
from models.learning.training import train
from models.model_store import StoredModel
from schemas.model_cards import ModelCard
from udfs.crossing_rows import SessionWindow

ROWS: Final = 4_000
SEED: Final = 1
READERS: Final = 12
ALARM_RATE: Final = 0.01
FITTED_SHARE: Final = 0.7
_NAMES: Final = {
    "session_duration": "session_age_ms",
    "click_rate": "clicks",
    "scroll_depth": "scroll_depth",
    "device_type": "device",
}
"""Columns of the planted preferences, and what the job knows that is most like them."""


def announcements() -> Iterator[Announcement]:
    """Records of models.v1, checked as the job checks them."""
    for kind in ("length", "tone"):
        yield announcement(_prediction(kind), "bench", 0)
    yield announcement(_anomaly(), "bench", 0)


def _prediction(kind: Literal["length", "tone"]) -> StoredModel:
    found = readers(CHOOSING, kind, ROWS, SEED)
    values = {_NAMES[name]: found.values[name] for name in found.names if name in _NAMES}
    values["session_age_ms"] = values["session_age_ms"] * 1_000.0
    trained = train(Examples(values, found.truth, found.source, found.at_ms), TrainingOptions(kind, kind))
    return StoredModel(msgspec.structs.replace(trained.card, version=1), trained.artefact)


def _anomaly() -> StoredModel:
    crossed = [SessionWindow.from_crossing(*row) for seed in range(READERS) for row in windows(seed)]
    rows = np.concatenate([to_feature_row(window.values[: len(SESSION_NAMES)]) for window in crossed])
    place = round(len(rows) * FITTED_SHARE)
    artefact = anomaly_to_onnx(*anomaly.fit(rows[:place], rows[place:], SEED, ALARM_RATE, FOREST_FEATURES))
    card = ModelCard(
        id="anomaly",
        version=1,
        kind="anomaly",
        features=list(FOREST_FEATURES),
        threshold=1.0 - ALARM_RATE,
        sha256=sha256(artefact).hexdigest(),
        trained_on=f"world S4, {READERS} readers",
    )
    return StoredModel(card, artefact)
