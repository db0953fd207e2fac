"""Trains a model on examples and asks the gate: earlier range, calibration range, later range."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.learning.columns import MIN_LEVEL_ROWS, Columns, Doubles, levels_of
from models.learning.copies import copied_share, repeated_truth
from models.learning.errors import TrainingDataError
from models.learning.evaluation import (
    INCUMBENT,
    MODEL,
    Check,
    Comparison,
    Evaluation,
    InputSummary,
    Range,
)
from models.learning.examples import Examples, Split, split_by_time
from models.learning.gate import check_advantages, check_copies, check_parity, check_truth
from models.learning.losses import mean_with_interval
from models.learning.onnx_export import to_onnx
from models.learning.options import PredictionKind, TrainingOptions
from models.learning.parity import compare
from models.learning.scorer import load_scorer
from models.learning.training_card import describe
from schemas.model_cards import ModelCard, model_id

MAX_CLASSES: Final = 12
MAX_POINTS: Final = 400
"""Dots in the report."""

STEPS: Final = ("fit", "export", "compare with scikit-learn", "evaluate on the later range")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The model in force, if its inputs are among those of the examples."""

    card: ModelCard
    artefact: bytes


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
    return train_on(split_by_time(examples), options, incumbent, progress)


def train_on(
    split: Split,
    options: TrainingOptions,
    incumbent: Incumbent | None = None,
    progress: Progress = lambda step, done, total: None,
) -> Trained:
    """Trains and judges a model on ranges that somebody else has cut. The gate looks for what they have in common."""
    task, train_range, later = options.task, split.train, split.later
    _require_truth(options.kind, split)
    columns, left_out = _columns(train_range)
    rows = columns.matrix(train_range.values)
    progress(STEPS[0], 0, len(STEPS))
    model = task.fit(columns, rows, train_range.truth, options.seed)
    progress(STEPS[1], 1, len(STEPS))
    artefact = to_onnx(model)
    progress(STEPS[2], 2, len(STEPS))
    parity = compare(model, artefact, rows, options.seed, options.parity_rows)
    progress(STEPS[3], 3, len(STEPS))
    later_rows = columns.matrix(later.values)
    predicted = _predict(artefact, later_rows)
    limits = task.limits(model, columns.matrix(split.calibration.values), split.calibration.truth)
    own = task.losses(predicted, model.classes, later.truth)
    rivals = {
        name: (found, model.classes) for name, found in task.rivals(model, rows, train_range.truth, later_rows).items()
    }
    checks = []
    if incumbent is not None:
        try:
            rivals[INCUMBENT] = (predict(incumbent, later), tuple(incumbent.card.classes))
        except TrainingDataError as error:
            # Inputs may go for ever, as with a new tracker: the model is then judged as a first one.
            checks.append(Check(INCUMBENT, True, f"not compared, the simple models are instead: {error}"))
    comparisons = [
        Comparison(
            name,
            task.metrics(found, classes, later.truth, options.seed, later.sessions),
            mean_with_interval(task.losses(found, classes, later.truth) - own, options.seed, later.sessions),
        )
        for name, (found, classes) in rivals.items()
    ]
    metrics = task.metrics(predicted, model.classes, later.truth, options.seed, later.sessions)
    covered = task.covered(predicted, model.classes, later.truth, limits)
    metrics["coverage"] = mean_with_interval(covered, options.seed, later.sessions)
    evaluation = Evaluation(
        model_id=model_id(options.kind, options.segment),
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
        inputs=_inputs(columns, train_range, model.importances()),
        left_out=left_out,
        metrics=metrics,
        comparisons=comparisons,
        calibration=task.calibration(predicted, model.classes, later.truth),
        points=_points(predicted, later) if options.kind == "length" else [],
        checks=[
            *checks,
            check_copies(copied_share(columns, train_range, later)),
            check_truth(repeated_truth(columns, train_range)),
            check_parity(parity),
            task.check(predicted, limits),
            *check_advantages(comparisons, task.loss),
        ],
        incumbent=None if incumbent is None else f"{incumbent.card.id}@{incumbent.card.version}",
    )
    progress(MODEL, len(STEPS), len(STEPS))
    return Trained(
        describe(options, columns, model.classes, split, artefact, limits, evaluation, parity), artefact, evaluation
    )


def _columns(examples: Examples) -> tuple[Columns, list[str]]:
    """Returns the inputs, and the columns of texts that are left out: no text of theirs stands in enough rows to learn from.

    Raises `TrainingDataError` where nothing is left.
    """
    categories = {
        name: levels_of(examples.values[name].tolist()) for name in examples.names if examples.is_category(name)
    }
    left_out = [name for name, texts in categories.items() if not texts]
    names = tuple(name for name in examples.names if name not in left_out)
    if not names:
        raise TrainingDataError(
            f"{examples.source}: no text of {', '.join(left_out)} stands in {MIN_LEVEL_ROWS} rows: give other columns"
        )
    return Columns(names, {name: texts for name, texts in categories.items() if texts}), left_out


def _require_truth(kind: PredictionKind, split: Split) -> None:
    """Raises `TrainingDataError` where there is nothing to tell apart."""
    source, truth = split.train.source, split.train.truth
    labels = truth.dtype == object
    if (kind == "tone") != labels:
        wanted = "texts, as friendly and formal" if kind == "tone" else "numbers"
        raise TrainingDataError(f"{source}: what {kind} predicts must be {wanted}; give the column with --target")
    found = len(np.unique(truth.astype(str) if labels else truth))
    if found < 2:
        raise TrainingDataError(f"{source}: the earlier range has one value to predict only: give a longer range")
    if labels and found > MAX_CLASSES:
        raise TrainingDataError(f"{source}: {found} labels, {MAX_CLASSES} at most: is it the right column?")


def _predict(artefact: bytes, rows: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Doubles:
    found: Doubles = load_scorer(artefact).scores(rows).astype(np.float64)
    return found


def predict(model: Incumbent, rows: Examples) -> Doubles:
    """Returns `y` of a stored model for examples that have its inputs. Raises `TrainingDataError` where they lack one."""
    card = model.card
    columns = Columns(tuple(card.features), {name: tuple(texts) for name, texts in card.categories.items()})
    given = rows.only(columns.names)
    for name in columns.names:
        if given.is_category(name) != (name in columns.categories):
            wanted = "texts" if name in columns.categories else "numbers"
            raise TrainingDataError(f"{rows.source}: model {card.id}@{card.version} reads {name} as {wanted}")
    return _predict(model.artefact, columns.matrix(given.values))


def range_of(name: str, examples: Examples) -> Range:
    at = examples.at_ms
    return Range(name, len(examples), None if at is None else int(at[0]), None if at is None else int(at[-1]))


def _inputs(columns: Columns, examples: Examples, importances: dict[str, float]) -> list[InputSummary]:
    found = []
    for name in columns.names:
        values = examples.values[name]
        if name in columns.categories:
            texts = values.tolist()
            rows = {text: texts.count(text) for text in columns.categories[name]}
            found.append(InputSummary(name, importances[name], texts.count(None), texts=rows))
            continue
        known = values[np.isfinite(values)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (None, None)
        found.append(InputSummary(name, importances[name], len(values) - len(known), low, high))
    return found


def _points(predicted: Doubles, later: Examples) -> list[tuple[float, float]]:
    places = np.unique(np.linspace(0, len(later) - 1, min(MAX_POINTS, len(later))).astype(int))
    return [(float(predicted[place, 0]), float(later.truth[place])) for place in places]
