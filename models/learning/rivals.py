"""Compares a new model with its rivals: the model in force, and simple models."""

from dataclasses import dataclass

import numpy as np

from models.learning.answering import can_judge, find_answered
from models.learning.columns import Columns, Doubles, Floats
from models.learning.errors import TrainingDataError
from models.learning.evaluation import INCUMBENT, Check, Comparison
from models.learning.examples import Examples
from models.learning.gate import MIN_ANSWERED_SHARE, check_newer_rows, check_not_compared
from models.learning.losses import mean_with_interval
from models.learning.options import TrainingOptions
from models.learning.overlap import without_times
from models.learning.scorer import load_scorer
from models.learning.trained_columns import as_trained
from models.predictions.kinds import PREDICTED
from schemas.model_cards import ModelCard, model_id


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The model in force."""

    card: ModelCard
    artefact: bytes

    @property
    def name(self) -> str:
        return f"{self.card.id}@{self.card.version}"


def compare_with_incumbent(
    incumbent: Incumbent, judged: Examples, own: Doubles, options: TrainingOptions, same_rows: bool = False
) -> Comparison | Check:
    """Compares on the rows after the incumbent's training that both would answer; `own` are the losses of the new model on
    `judged` (rows,). `same_rows`: both models were given the same rows, of which neither was trained on the later ones.

    Where these are of too few sessions it is asked about all. Its comparison says so, and where it would answer less than half of
    the rows. Returns a failed check where it predicts something else or cannot be asked, or too few rows come after its training.
    """
    card = incumbent.card
    # That of all readers, which a segment's model displaces for its readers, is not to be withdrawn for all.
    withdrawn = card.id if card.id == model_id(options.kind, options.segment) else None
    if (target := target_of(card)) not in (None, options.target):
        what = f"--target {target}" if judged.has(str(target)) else f"rows that tell {target}"
        return check_not_compared(f"it predicts {target}, and this model {options.target}: give {what}", withdrawn)
    try:
        asked = as_trained(card, judged)
    except TrainingDataError as error:
        return check_not_compared(str(error), withdrawn)
    fresh = judged.after(card.trained_until_ms)
    if not fresh.all() and not can_judge(judged.take(fresh)):
        assert card.trained_until_ms is not None, "else all rows are after it"
        return check_newer_rows(incumbent.name, int(fresh.sum()), card.trained_until_ms)
    both = fresh & find_answered(card, asked).rows
    are_enough = can_judge(judged.take(both))
    chosen = both if are_enough else fresh
    predicted = predict(incumbent, judged.take(chosen))
    found = compare(INCUMBENT, predicted, tuple(card.classes), judged.take(chosen), own[chosen], options)
    if (unknown := without_times(card, judged)) is not None:
        found.notes.append(
            f"{incumbent.name} was given the same rows, and not trained on these" if same_rows else unknown
        )
    if not are_enough or both.sum() < MIN_ANSWERED_SHARE * fresh.sum():
        found.is_silent = True
        asked_about = "these" if are_enough else "all"
        note = f"{incumbent.name} would answer {both.sum():,} of these {fresh.sum():,} rows, and was asked about {asked_about}"
        if withdrawn is not None:
            note += f"; where its silence is worse, withdraw it first: microadjust models withdraw {withdrawn}"
        found.notes.append(note)
    return found


def target_of(card: ModelCard) -> str | None:
    """Returns the column or metric that a model of length or tone predicts; None for a detector."""
    predicted = PREDICTED.get(card.kind)
    return None if predicted is None else next(iter(card.options.get("target", ())), predicted.target)


def compare(
    name: str, predicted: Doubles, classes: tuple[str, ...], rows: Examples, own: Doubles, options: TrainingOptions
) -> Comparison:
    """Compares a rival's predictions, (rows, columns), with the model's losses `own` (rows,) on the same rows."""
    task = options.task
    return Comparison(
        name,
        task.metrics(predicted, classes, rows.truth, options.seed, rows.sessions),
        mean_with_interval(task.losses(predicted, classes, rows.truth) - own, options.seed, rows.sessions),
        len(rows),
    )


def predict(model: Incumbent, rows: Examples) -> Doubles:
    """Returns `y` of a stored model. Raises `TrainingDataError` where the rows lack an input of it."""
    card = model.card
    columns = Columns(tuple(card.features), {name: tuple(texts) for name, texts in card.categories.items()})
    return predict_rows(model.artefact, columns.matrix(as_trained(card, rows).values))


def predict_rows(artefact: bytes, rows: Floats) -> Doubles:
    found: Doubles = load_scorer(artefact).scores(rows).astype(np.float64)
    return found
