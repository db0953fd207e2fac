"""The two kinds of prediction, number and label, behind one interface: fit, rivals, losses, metrics, limits."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.learning import baselines, losses
from models.learning.areas import area_with_interval
from models.learning.boosting import Boosting, fit_label, fit_number
from models.learning.columns import Columns, Doubles, Floats
from models.learning.conformal import conformal_quantile, label_set, quantile_score
from models.learning.evaluation import CONSTANT, LINEAR, CalibrationBin, Check
from models.learning.gate import check_decided, check_width
from schemas.model_cards import MetricValue

BINS = 10

Truth = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """What goes into the card: how sure a prediction must be to be made."""

    half_width: float | None = None
    max_half_width: float | None = None
    min_probability: float | None = None
    coverage: float | None = None


class Task(Protocol):
    """Prediction of one kind. `loss` names what the gate compares."""

    @property
    def loss(self) -> str: ...

    def fit(self, columns: Columns, rows: Floats, truth: Truth, seed: int) -> Boosting: ...
    def rivals(self, model: Boosting, rows: Floats, truth: Truth, later: Floats) -> dict[str, Doubles]: ...
    def losses(self, predicted: Doubles, classes: tuple[str, ...], truth: Truth) -> Doubles: ...
    def metrics(
        self, predicted: Doubles, classes: tuple[str, ...], truth: Truth, seed: int, sessions: NDArray[Any] | None
    ) -> dict[str, MetricValue]: ...
    def limits(self, model: Boosting, rows: Floats, truth: Truth) -> Limits: ...
    def covered(self, predicted: Doubles, classes: tuple[str, ...], truth: Truth, limits: Limits) -> Doubles: ...
    def check(self, predicted: Doubles, limits: Limits) -> Check: ...
    def calibration(self, predicted: Doubles, classes: tuple[str, ...], truth: Truth) -> list[CalibrationBin]: ...


@dataclass(frozen=True, slots=True)
class NumberTask:
    """A number, as a length in words, with an interval about it: two quantiles, widened until they cover what they should."""

    coverage: float
    max_half_width: float | None
    unit: str
    loss: str = "mean absolute error"

    def fit(self, columns: Columns, rows: Floats, truth: Truth, seed: int) -> Boosting:
        return fit_number(columns, rows, truth, seed, self.coverage)

    def rivals(self, model: Boosting, rows: Floats, truth: Truth, later: Floats) -> dict[str, Doubles]:
        return {
            CONSTANT: baselines.constant_number(truth, len(later)),
            LINEAR: baselines.linear_number(model.one_hot, rows, truth, later),
        }

    def losses(self, predicted: Doubles, classes: tuple[str, ...], truth: Truth) -> Doubles:
        return losses.absolute_errors(predicted, truth)

    def metrics(
        self, predicted: Doubles, classes: tuple[str, ...], truth: Truth, seed: int, sessions: NDArray[Any] | None
    ) -> dict[str, MetricValue]:
        return {"mae": losses.mean_with_interval(losses.absolute_errors(predicted, truth), seed, sessions)}

    def limits(self, model: Boosting, rows: Floats, truth: Truth) -> Limits:
        predicted = model.predict(rows)
        scores = [quantile_score(low, high, true) for (_, low, high), true in zip(predicted, truth, strict=True)]
        width = conformal_quantile(scores, 1.0 - self.coverage)
        return Limits(float(width), self.max_half_width, None, self.coverage)

    def covered(self, predicted: Doubles, classes: tuple[str, ...], truth: Truth, limits: Limits) -> Doubles:
        assert limits.half_width is not None
        low, high = predicted[:, 1] - limits.half_width, predicted[:, 2] + limits.half_width
        within: Doubles = ((low <= truth) & (truth <= high)).astype(np.float64)
        return within

    def check(self, predicted: Doubles, limits: Limits) -> Check:
        assert limits.half_width is not None
        widths = (predicted[:, 2] - predicted[:, 1]) / 2.0 + limits.half_width
        return check_width(widths, self.max_half_width, self.unit)

    def calibration(self, predicted: Doubles, classes: tuple[str, ...], truth: Truth) -> list[CalibrationBin]:
        return _bins(predicted[:, 0], truth)


@dataclass(frozen=True, slots=True)
class LabelTask:
    """A label, as a tone, with the set of labels that cannot be ruled out; a prediction is made where it holds one."""

    coverage: float
    loss: str = "log loss"

    def fit(self, columns: Columns, rows: Floats, truth: Truth, seed: int) -> Boosting:
        return fit_label(columns, rows, truth, seed)

    def rivals(self, model: Boosting, rows: Floats, truth: Truth, later: Floats) -> dict[str, Doubles]:
        return {
            CONSTANT: baselines.constant_label(truth, model.classes, len(later)),
            LINEAR: baselines.linear_label(model.one_hot, rows, truth, later),
        }

    def losses(self, predicted: Doubles, classes: tuple[str, ...], truth: Truth) -> Doubles:
        return losses.log_losses(predicted, classes, truth)

    def metrics(
        self, predicted: Doubles, classes: tuple[str, ...], truth: Truth, seed: int, sessions: NDArray[Any] | None
    ) -> dict[str, MetricValue]:
        by_row: dict[str, Callable[[Doubles, tuple[str, ...], Truth], Doubles]] = {
            "accuracy": losses.hits,
            "log_loss": losses.log_losses,
        }
        found = {
            name: losses.mean_with_interval(loss(predicted, classes, truth), seed, sessions)
            for name, loss in by_row.items()
        }
        if len(classes) == 2 and 0 < (positive := truth == classes[1]).sum() < len(truth):
            found["auc"] = area_with_interval(predicted[:, 1], positive, seed, sessions)
        return found

    def limits(self, model: Boosting, rows: Floats, truth: Truth) -> Limits:
        shares = model.predict(rows)
        places = {name: place for place, name in enumerate(model.classes)}
        scores = [
            1.0 - (float(row[places[label]]) if label in places else 0.0)
            for row, label in zip(shares, truth, strict=True)
        ]
        bound = conformal_quantile(scores, 1.0 - self.coverage)
        return Limits(min_probability=max(0.0, 1.0 - bound) if isfinite(bound) else 0.0, coverage=self.coverage)

    def covered(self, predicted: Doubles, classes: tuple[str, ...], truth: Truth, limits: Limits) -> Doubles:
        sets = self._sets(predicted, limits)
        return np.array(
            [label in {classes[each] for each in kept} for kept, label in zip(sets, truth, strict=True)], float
        )

    def check(self, predicted: Doubles, limits: Limits) -> Check:
        return check_decided(float(np.mean([len(kept) == 1 for kept in self._sets(predicted, limits)])))

    def calibration(self, predicted: Doubles, classes: tuple[str, ...], truth: Truth) -> list[CalibrationBin]:
        return _bins(predicted.max(axis=1), losses.hits(predicted, classes, truth))

    def _sets(self, predicted: Doubles, limits: Limits) -> list[tuple[int, ...]]:
        assert limits.min_probability is not None
        return [label_set(row, 1.0 - limits.min_probability) for row in predicted.tolist()]


def _bins(predicted: Doubles, true: Doubles) -> list[CalibrationBin]:
    """Ten bins of as many rows each, by prediction."""
    order = np.argsort(predicted, kind="stable")
    parts = [part for part in np.array_split(order, min(BINS, len(order))) if len(part)]
    return [CalibrationBin(float(predicted[part].mean()), float(true[part].mean()), len(part)) for part in parts]
