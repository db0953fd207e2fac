"""Stages of the session lane on fake state, without the operator around them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from models.announced.registry import ModelRegistry
from models.arbitration.proposed_change import encode_change
from models.features import SESSION_NAMES
from models.isolation_forest.registry import ForestRegistry, ForestVersion
from models.isolation_forest.schedule import RefitSchedule
from models.isolation_forest.scorer import ForestScorer
from models.judgement.card_registry import CardRegistry
from models.rules.readings import Readings
from schemas.rules import Rule
from tests.support.announced_models import announced_anomaly, announced_length
from tests.support.builders import ANNA, EVERY_MS, WINDOW_MS, CrossingRow, at, forest_card, forest_model
from tests.support.flink_fakes import FakeContext, FakeFlink, FakeMetrics
from udfs.crossing_rows import SessionWindow, session_key
from udfs.keyed_state import KeyedStateBundle
from udfs.lanes.sessions import DETECTORS
from udfs.stages.base import LaneSetup, Stage
from udfs.stages.broadcast_control import BroadcastControl
from udfs.stages.evaluation import SessionEvaluation
from udfs.stages.feature_log import FeatureLogStage
from udfs.stages.session_scores import SessionScoresStage
from udfs.window_commands import WindowCommands

NO_REFITS = RefitSchedule(0, 0)


def lane_setup(*rules: Rule) -> LaneSetup:
    """What a lane gives to its stages, with a bundle and forests of its own."""
    forests = ForestRegistry(NO_REFITS, ForestVersion(lambda: ForestScorer(forest_model()), 0.62, "forest@1"))
    control = BroadcastControl(rules, forests, CardRegistry(NO_REFITS), DETECTORS, FakeMetrics(FakeFlink().counters))
    return LaneSetup(
        WINDOW_MS,
        EVERY_MS,
        KeyedStateBundle("stage-v1"),
        control,
        forests,
        CardRegistry(NO_REFITS),
        emit_scores=True,
        models=_models(forests),
        log_features=True,
    )


def _models(forests: ForestRegistry) -> ModelRegistry:
    """A length for everybody, and a combination of detectors."""
    models = ModelRegistry(forests)
    models.announce(*announced_length(ranges={}, categories={"device": ["phone", "mobile"]}))
    models.announce(*announced_anomaly())
    return models


def window_commands(
    *rules: Rule,
    schedule: RefitSchedule = NO_REFITS,
    cards: RefitSchedule = NO_REFITS,
    emit_scores: bool = False,
    window_ms: int = WINDOW_MS,
    require_content: bool = False,
    log_features: bool = False,
    site_schedule: RefitSchedule = NO_REFITS,
) -> WindowCommands:
    """The operator of the window lanes, with a small forest."""
    card = forest_card(forest_model())
    return WindowCommands(
        rules,
        forest_model(),
        card,
        schedule,
        cards,
        window_ms,
        EVERY_MS,
        emit_scores,
        require_content=require_content,
        log_features=log_features,
        site_schedule=site_schedule,
    )


class RunningStage:
    """One stage on its way. Another one on the same `flink` is what Flink starts from a checkpoint."""

    def __init__(self, make: Callable[[LaneSetup], Stage], flink: FakeFlink, rules: Iterable[Rule] = ()) -> None:
        flink.key = session_key(ANNA)
        self.flink = flink
        self._setup = lane_setup(*rules)
        self._stage = make(self._setup)
        self._stage.open(flink)

    def evaluate(self, row: CrossingRow | None, end_s: int, values: Sequence[float]) -> dict[str, Any]:
        """All that the stage adds to the evaluation of a window from which it may learn, or of a silent one."""
        window = None if row is None else SessionWindow.from_crossing(row[1], row[2])
        evaluation = SessionEvaluation(ANNA, at(end_s), window, values, WINDOW_MS)
        evaluation.may_learn = window is not None
        evaluation.signals.values = values
        self._stage.on_window(evaluation, FakeContext(self.flink))
        self._setup.bundle.flush(evaluation.key)
        signals = evaluation.signals
        return {
            "readings": None if signals.readings is None else _readings(signals.readings),
            "scalars": signals.scalars,
            "scores": {name: (score.value(), score.threshold) for name, score in signals.scores.items()},
            "category": evaluation.category,
            "changes": [encode_change(change) for change in evaluation.changes],
            "updates": self._updates(),
        }

    def _updates(self) -> list[tuple[str, Any]]:
        stage = self._stage
        if isinstance(stage, FeatureLogStage):
            return [("features", row) for row in stage.drain()]
        return [(tag.tag_id, row) for tag, row in stage.drain()] if isinstance(stage, SessionScoresStage) else []

    def clear(self) -> None:
        key = session_key(ANNA)
        self._stage.clear(key)
        self._setup.bundle.flush(key)


def _readings(readings: Readings) -> dict[str, tuple[float | None, ...]]:
    """All that can be asked about each feature, but for the peers."""
    return {
        name: (
            readings.baseline(name, "self"),
            readings.change(name, "self"),
            readings.z(name, "self"),
            readings.nats(name, "up"),
            readings.nats(name, "down"),
        )
        for name in SESSION_NAMES
    }
