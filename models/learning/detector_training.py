"""Trains a detector on windows and asks the gate: earlier range, calibration range, later range."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec
import numpy as np

from models.anomaly.tail import Tail
from models.features import FOREST_FEATURES
from models.learning.answering import can_judge
from models.learning.areas import area_advantage, area_with_interval
from models.learning.columns import Doubles, Floats
from models.learning.detector_gate import (
    alarm_rate,
    can_rank,
    check_alarm_rate,
    check_incumbent,
    check_ranking,
)
from models.learning.detector_parity import compare_detector
from models.learning.detectors import DetectorKind, FittedDetector, fit_detector, open_detector, settings, split_shares
from models.learning.errors import TrainingDataError
from models.learning.evaluation import INCUMBENT, MODEL, CalibrationBin, Check, Comparison, Evaluation, InputSummary
from models.learning.examples import Examples, Split, split_by_time
from models.learning.gate import check_newer_rows, check_not_compared, check_parity
from models.learning.overlap import without_times
from models.learning.parity import PARITY_ROWS, Parity
from models.learning.rivals import Incumbent
from models.learning.training import STEPS, Progress, Trained, range_of
from models.learning.training_card import code_hash
from models.learning.windows import Labels, matrix, told
from schemas.model_cards import MetricValue, ModelCard, model_id

ALARM_RATE: Final = 0.01
COMPARE_STEP: Final = "compare with the training code"
LEVELS: Final = (0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01)
"""Shares of alarms at which the report compares what was promised with what came."""


@dataclass(frozen=True, slots=True)
class DetectorOptions:
    """What may be chosen. `alarm_rate` is the share of windows that are to alarm; of a forest, at most."""

    kind: DetectorKind
    seed: int = 1
    alarm_rate: float = ALARM_RATE
    parity_rows: int = PARITY_ROWS
    code_version: str = "unknown"
    segment: None = None
    """Detectors look at readers of all segments."""


def train_detector(
    windows: Examples,
    options: DetectorOptions,
    incumbent: Incumbent | None = None,
    progress: Progress = lambda step, done, total: None,
) -> Trained:
    """Trains and judges a detector; `evaluation.passed` says whether it may be announced. Raises `TrainingDataError`.

    The same windows in the same order with the same seed give the same bytes.
    """
    split = split_by_time(windows)
    rows, calibration, later = (matrix(each) for each in (split.train, split.calibration, split.later))
    progress(STEPS[0], 0, len(STEPS))
    try:
        fitted = fit_detector(options.kind, rows, calibration, options.seed, options.alarm_rate)
    except ValueError as error:
        raise TrainingDataError(f"{windows.source}: {error}: give a longer range") from None
    progress(STEPS[1], 1, len(STEPS))
    exported = open_detector(options.kind, fitted.artefact)
    progress(COMPARE_STEP, 2, len(STEPS))
    parity = compare_detector(fitted, exported, rows, options.seed, options.parity_rows)
    progress(STEPS[3], 3, len(STEPS))
    scores = exported.scores(later)
    metrics = _metrics(scores, fitted.threshold, told(split.later), options.seed)
    is_forest = options.kind == "isolation_forest"
    checks = [
        _check_parity(parity),
        check_alarm_rate(metrics["alarm_rate"], options.alarm_rate, is_forest),
        check_ranking(metrics.get("auc")),
    ]
    comparisons = []
    if incumbent is not None:
        try:
            fresh = split.later.after(incumbent.card.trained_until_ms)
            rival = _compared(options, incumbent, split.later.take(fresh), later[fresh], scores[fresh])
            if isinstance(rival, Check):
                checks.append(rival)
            else:
                comparisons.append(rival)
                checks.append(check_incumbent(rival, options.alarm_rate, is_forest, "auc" in rival.metrics))
        except (TrainingDataError, ValueError) as error:
            checks.append(check_not_compared(f"{error}: train with the release that it is of", incumbent.card.id))
    evaluation = Evaluation(
        model_id=model_id(options.kind),
        kind=options.kind,
        target="how odd a window is",
        unit="",
        source=windows.source,
        seed=options.seed,
        loss="area under the ROC curve",
        ranges=[
            range_of(name, each)
            for name, each in (("training", split.train), ("calibration", split.calibration), ("later", split.later))
        ],
        unused_rows=0,
        dropped_rows=split.dropped,
        left_out_rows=dict(windows.left_out),
        labelled_windows=int(told(windows).labelled.sum()),
        inputs=_inputs(rows, fitted),
        metrics=metrics,
        comparisons=comparisons,
        calibration=_calibration(exported.scores(calibration), scores),
        points=[],
        checks=checks,
        incumbent=None if incumbent is None else f"{incumbent.card.id}@{incumbent.card.version}",
    )
    progress(MODEL, len(STEPS), len(STEPS))
    return Trained(_card(options, split, fitted, evaluation, parity), fitted.artefact, evaluation)


def _metrics(scores: Doubles, threshold: float, labels: Labels, seed: int) -> dict[str, MetricValue]:
    found = {"alarm_rate": alarm_rate(scores, threshold)}
    if can_rank(labels.odd, labels.sessions):
        found["auc"] = area_with_interval(scores[labels.labelled], labels.odd, seed, labels.sessions)
    return found


def _compared(
    options: DetectorOptions, incumbent: Incumbent, rows: Examples, later: Floats, scores: Doubles
) -> Comparison | Check:
    """Compares with the version in force on `rows` after its training: `later` (rows, features), and `scores` (rows,) of the new
    one.

    Returns a check where too few rows are left. Raises `TrainingDataError` and ValueError where the version cannot be asked.
    """
    card = incumbent.card
    if tuple(card.features) != FOREST_FEATURES or card.threshold is None:
        raise TrainingDataError(f"{card.id}@{card.version} reads other features")
    exported = open_detector(options.kind, incumbent.artefact)
    if card.trained_until_ms is not None and not can_judge(rows):
        return check_newer_rows(f"{card.id}@{card.version}", len(rows), card.trained_until_ms)
    theirs = exported.scores(later)
    labels = told(rows)
    metrics = _metrics(theirs, card.threshold, labels, options.seed)
    advantage = MetricValue(0.0)
    if can_rank(labels.odd, labels.sessions):
        pair = scores[labels.labelled], theirs[labels.labelled]
        advantage = area_advantage(*pair, labels.odd, options.seed, labels.sessions)
    unknown = without_times(card, rows)
    return Comparison(INCUMBENT, metrics, advantage, len(rows), notes=[] if unknown is None else [unknown])


def _calibration(held_back: Doubles, scores: Doubles) -> list[CalibrationBin]:
    """Share of alarms that a threshold gave on the calibration range, beside what it gives on the later one."""
    tail = Tail.of(held_back.tolist())
    shares = np.array([tail.probability(score) for score in scores.tolist()])
    return [CalibrationBin(level, float((shares < level).mean()), int((shares < level).sum())) for level in LEVELS]


def _inputs(rows: Floats, fitted: FittedDetector) -> list[InputSummary]:
    importances = split_shares(fitted.forest, FOREST_FEATURES)
    found = []
    for place, name in enumerate(FOREST_FEATURES):
        known = rows[np.isfinite(rows[:, place]), place]
        low, high = (float(known.min()), float(known.max())) if len(known) else (None, None)
        found.append(InputSummary(name, importances[name], len(rows) - len(known), low, high))
    return found


def _card(
    options: DetectorOptions, split: Split, fitted: FittedDetector, evaluation: Evaluation, parity: Parity
) -> ModelCard:
    """Returns the card of a detector without a version, which the store gives."""
    first, last = split.train.at_ms, split.calibration.at_ms
    spans = {each.name: (each.low, each.high) for each in evaluation.inputs}
    return ModelCard(
        id=evaluation.model_id,
        version=0,
        kind=options.kind,
        features=list(FOREST_FEATURES),
        threshold=fitted.threshold,
        sha256=sha256(fitted.artefact).hexdigest(),
        trained_on=evaluation.source,
        trained_from_ms=None if first is None else int(first[0]),
        trained_until_ms=None if last is None else int(last[-1]),
        ranges={name: (low, high) for name, (low, high) in spans.items() if low is not None and high is not None},
        metrics=evaluation.metrics,
        code_version=f"{options.code_version}+learning.{code_hash()}",
        seed=options.seed,
        parity=parity.difference,
        settings=settings(options.kind, len(split.train), options.alarm_rate),
    )


def _check_parity(parity: Parity) -> Check:
    """Trees and autoencoder are trained by code of this project, not by scikit-learn."""
    found = check_parity(parity)
    return msgspec.structs.replace(found, detail=found.detail.replace("scikit-learn", "training code"))
