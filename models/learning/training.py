"""Trains a model on examples and asks the gate: earlier range, calibration range, later range."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from models.learning.answering import can_judge, find_answered
from models.learning.columns import Doubles
from models.learning.copies import copied_share
from models.learning.errors import TrainingDataError
from models.learning.evaluation import (
    MODEL,
    Check,
    Evaluation,
    Range,
)
from models.learning.examples import Examples, Split, split_by_time
from models.learning.gate import (
    check_advantages,
    check_answered,
    check_copies,
    check_parity,
    check_truth,
)
from models.learning.input_columns import choose_columns, summarise_inputs
from models.learning.losses import mean_with_interval
from models.learning.onnx_export import to_onnx
from models.learning.options import TrainingOptions
from models.learning.parity import compare as compare_exports
from models.learning.provenance import data_hash
from models.learning.repeated_truths import repeated_truth
from models.learning.rivals import Incumbent, compare, compare_with_incumbent, predict_rows
from models.learning.training_card import describe
from models.learning.truths import usable_truths
from schemas.model_cards import ModelCard

MAX_CLASSES: Final = 12
MAX_POINTS: Final = 400
"""Dots in the report."""

STEPS: Final = ("fit", "export", "compare with scikit-learn", "evaluate on the later range")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Trained:
    card: ModelCard
    artefact: bytes
    evaluation: Evaluation


def train(
    examples: Examples,
    options: TrainingOptions,
    incumbent: Incumbent | None = None,
    progress: Progress = lambda step, done, total: None,
) -> Trained:
    """Trains and judges a model; `evaluation.passed` says whether it may be announced. Raises `TrainingDataError`.

    The same examples in the same order with the same seed give the same bytes.
    """
    same_rows = incumbent is not None and incumbent.card.data_sha256 == data_hash(examples)
    return train_on(split_by_time(usable_truths(examples, options.kind)), options, incumbent, progress, same_rows)


def train_on(
    split: Split,
    options: TrainingOptions,
    incumbent: Incumbent | None = None,
    progress: Progress = lambda step, done, total: None,
    same_rows: bool = False,
) -> Trained:
    """Trains and judges a model on ranges that somebody else has cut. The gate looks for what they have in common.

    `same_rows`: the incumbent was given the same rows, and they were cut in the same way.
    """
    task, train_range, later = options.task, split.train, split.later
    _require_truth(options, split)
    columns, left_out = choose_columns(train_range)
    rows = columns.matrix(train_range.values)
    progress(STEPS[0], 0, len(STEPS))
    model = task.fit(columns, rows, train_range.truth, options.seed)
    progress(STEPS[1], 1, len(STEPS))
    artefact = to_onnx(model)
    progress(STEPS[2], 2, len(STEPS))
    parity = compare_exports(model, artefact, rows, options.seed, options.parity_rows)
    progress(STEPS[3], 3, len(STEPS))
    limits = task.limits(model, columns.matrix(split.calibration.values), split.calibration.truth)
    inputs = summarise_inputs(columns, train_range, model.importances())
    card = describe(options, columns, model.classes, split, artefact, limits, inputs, parity)
    answered = find_answered(card, later)
    are_enough = can_judge(later.take(answered.rows))
    # Where too few are left, figures of all rows still tell something; the model stays out.
    judged = later.take(answered.rows) if are_enough else later
    judged_rows = columns.matrix(judged.values)
    predicted = predict_rows(artefact, judged_rows)
    own = task.losses(predicted, model.classes, judged.truth)
    comparisons = [
        compare(name, found, model.classes, judged, own, options)
        for name, found in task.rivals(model, rows, train_range.truth, judged_rows).items()
    ]
    checks = []
    if incumbent is not None:
        faced = compare_with_incumbent(incumbent, judged, own, options, same_rows)
        if isinstance(faced, Check):
            checks.append(faced)
        else:
            comparisons.append(faced)
    metrics = task.metrics(predicted, model.classes, judged.truth, options.seed, judged.sessions)
    covered = task.covered(predicted, model.classes, judged.truth, limits)
    metrics["coverage"] = mean_with_interval(covered, options.seed, judged.sessions)
    all_predicted = predict_rows(artefact, columns.matrix(later.values))
    evaluation = Evaluation(
        model_id=card.id,
        kind=options.kind,
        target=options.target,
        unit=options.unit if options.kind == "length" else "",
        source=train_range.source,
        seed=options.seed,
        loss=task.loss,
        ranges=[
            range_of("training", train_range),
            range_of("calibration", split.calibration),
            range_of("later", later),
        ],
        unused_rows=train_range.unused_rows,
        dropped_rows=split.dropped,
        inputs=inputs,
        left_out=left_out,
        all_later=task.metrics(all_predicted, model.classes, later.truth, options.seed, later.sessions),
        left_out_rows=dict(train_range.left_out),
        metrics=metrics,
        comparisons=comparisons,
        calibration=task.calibration(predicted, model.classes, judged.truth),
        points=_points(predicted, judged) if options.kind == "length" else [],
        checks=[
            *checks,
            check_copies(copied_share(columns, train_range, later)),
            check_truth(repeated_truth(columns, train_range)),
            check_parity(parity),
            check_answered(answered, are_enough),
            task.check(predicted, limits),
            *check_advantages(comparisons, task.loss),
        ],
        incumbent=None if incumbent is None else f"{incumbent.card.id}@{incumbent.card.version}",
    )
    progress(MODEL, len(STEPS), len(STEPS))
    return Trained(msgspec.structs.replace(card, metrics=metrics), artefact, evaluation)


def _require_truth(options: TrainingOptions, split: Split) -> None:
    """Raises `TrainingDataError` where there is nothing to tell apart."""
    kind, source, truth = options.kind, split.train.source, split.train.truth
    labels = truth.dtype == object
    if (kind == "tone") != labels:
        wanted = "texts, as friendly and formal" if kind == "tone" else "numbers"
        raise TrainingDataError(f"{source}: what {kind} predicts must be {wanted}; give the column with --target")
    found = len(np.unique(truth.astype(str) if labels else truth))
    if found < 2:
        value = truth[0] if labels else f"{truth[0]:g}"
        raise TrainingDataError(
            f"{source}: all {len(truth):,} rows of {options.target} that come before the later range are {value}: nothing can be "
            "learned from them; give rows that differ, or name another column with --target"
        )
    if labels and found > MAX_CLASSES:
        raise TrainingDataError(f"{source}: {found} labels, {MAX_CLASSES} at most: is it the right column?")


def range_of(name: str, examples: Examples) -> Range:
    at = examples.at_ms
    return Range(name, len(examples), None if at is None else int(at[0]), None if at is None else int(at[-1]))


def _points(predicted: Doubles, later: Examples) -> list[tuple[float, float]]:
    places = np.unique(np.linspace(0, len(later) - 1, min(MAX_POINTS, len(later))).astype(int))
    return [(float(predicted[place, 0]), float(later.truth[place])) for place in places]
