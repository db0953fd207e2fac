"""Scores one row at a time with exported anomaly models. Export: `models/anomaly/onnx_export.py`."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.anomaly.calibration import Calibration
from models.onnx_session import open_session

Floats = NDArray[np.float32]

CALIBRATION_KEY: Final = "microadjust.anomaly"
"""Name of the calibration among the metadata of a model."""

_YES: Final = np.array(True)
_NO: Final = np.array(False)


@dataclass(frozen=True, slots=True)
class AnomalyVerdict:
    """How odd one row is."""

    score: float
    """1 less `probability`: the largest calibrated tail probability of the members."""

    probability: float
    """Share of ordinary rows that are as odd."""

    alarms: bool
    """Whether `probability` is below the wanted alarm rate."""

    member: str
    """The model that found the row oddest."""


@dataclass(frozen=True, slots=True)
class AnomalyExplanation:
    verdict: AnomalyVerdict
    contributions: dict[str, dict[str, float | None]]
    """By member and feature; None for a feature that is unknown in this row or never varied in training."""

    @property
    def feature(self) -> str | None:
        """The feature that contributed most to the verdict of the member that found the row oddest."""
        parts = self.contributions[self.verdict.member]
        known = [(part, name) for name, part in parts.items() if part is not None]
        return max(known)[1] if known else None


class AnomalyScorer:
    """Loaded models, with one thread since a slot is one core. Raises ValueError for bytes that are no such model."""

    def __init__(self, model: bytes) -> None:
        session = open_session(model, "an ONNX anomaly model")
        names = [each.name for each in (*session.get_inputs(), *session.get_outputs())]
        if names != ["x", "explain", "score", "contribution"]:
            raise ValueError(f"not an ONNX anomaly model: inputs and outputs are {', '.join(names)}")
        metadata = session.get_modelmeta().custom_metadata_map
        if CALIBRATION_KEY not in metadata:
            raise ValueError("not an ONNX anomaly model: it has no calibration")
        self.calibration: Final = Calibration.from_json(metadata[CALIBRATION_KEY])
        sizes = session.get_outputs()[0].shape[1], session.get_inputs()[0].shape[1]
        if sizes != (len(self.calibration.members), len(self.calibration.features)):
            raise ValueError(f"not an ONNX anomaly model: its calibration does not fit {sizes[0]} models of {sizes[1]}")
        self._run: Any = session.run

    def score(self, row: Floats) -> AnomalyVerdict | None:
        """Judges `row` (1, features), unknown values NaN. None where nothing of the row is known."""
        return self.judge(self._run(["score"], {"x": row, "explain": _NO})[0][0].tolist())

    def explain(self, row: Floats) -> AnomalyExplanation | None:
        """As `score`, with what each feature contributed to the score of each model."""
        scores, parts = self._run(["score", "contribution"], {"x": row, "explain": _YES})
        verdict = self.judge(scores[0].tolist())
        if verdict is None:
            return None
        features = self.calibration.features
        return AnomalyExplanation(
            verdict,
            {
                member: {
                    name: None if part != part else part for name, part in zip(features, each.tolist(), strict=True)
                }
                for member, each in zip(self.calibration.members, parts[0], strict=True)
            },
        )

    def scores(self, rows: Floats) -> Floats:
        """Returns what each member gives (rows, members), NaN for a row of which nothing is known."""
        found: Floats = self._run(["score"], {"x": rows, "explain": _NO})[0]
        return found

    def judge(self, scores: list[float]) -> AnomalyVerdict | None:
        """Combines the scores of the members; None where they are NaN."""
        if any(score != score for score in scores):
            return None
        probability, place = self.calibration.judge(scores)
        alarms = probability < self.calibration.alarm_rate
        return AnomalyVerdict(1.0 - probability, probability, alarms, self.calibration.members[place])
