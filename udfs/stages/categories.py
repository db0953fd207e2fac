"""Stage: finds the content type in which the reader suddenly spends more time."""

from typing import Any

import msgspec

from models.detectors.categories import CategoryBaselines, parse_engaged
from udfs.keyed_state import StateField
from udfs.stages.base import LaneSetup, Stage
from udfs.stages.evaluation import SessionEvaluation

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(dict[str, list[float]])


class CategoryStage(Stage):
    """Owns the baselines of time per content type of each session."""

    def __init__(self, setup: LaneSetup) -> None:
        self._field: StateField[CategoryBaselines] = StateField(
            "categories-v1",
            lambda baselines: _encoder.encode(baselines.entries).decode(),
            lambda text: CategoryBaselines(_decoder.decode(text)),
            setup.bundle,
        )
        super().__init__(self._field)

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        """Adds `category_rise_z` to the signals and the rise to the evaluation."""
        window = evaluation.window
        if window is None or not evaluation.may_learn:
            return
        baselines = self._field.get(evaluation.key) or CategoryBaselines()
        engaged = parse_engaged(window.engaged_by_type)
        if not engaged and not baselines.entries:
            return
        evaluation.rise = baselines.score_and_update(engaged, evaluation.at_ms)
        self._field.set(evaluation.key, baselines)
        if evaluation.rise is not None:
            evaluation.signals.scalars["category_rise_z"] = evaluation.rise.z
