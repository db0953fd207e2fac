"""Compares two stored models on the same rows."""

from msgspec import Struct

from models.learning.errors import TrainingDataError
from models.learning.examples import Examples
from models.learning.losses import mean_with_interval
from models.learning.options import TrainingOptions
from models.learning.overlap import trained_on
from models.learning.rivals import Incumbent, predict, target_of
from schemas.model_cards import MetricValue


class PairedComparison(Struct):
    """Metrics of two models over the same rows. `advantage` is the loss of the second minus that of the first, row by row."""

    first: str
    second: str
    rows: int
    loss: str
    first_metrics: dict[str, MetricValue]
    second_metrics: dict[str, MetricValue]
    advantage: MetricValue
    warnings: list[str] = []
    """What speaks against the comparison: rows that one of both was trained on, or truths that it does not predict."""

    @property
    def verdict(self) -> str:
        low, high = self.advantage.low, self.advantage.high
        if low is not None and low > 0.0:
            return f"{self.first} is better"
        if high is not None and high < 0.0:
            return f"{self.second} is better"
        return "neither is shown to be better"


def compare_models(first: Incumbent, second: Incumbent, rows: Examples, options: TrainingOptions) -> PairedComparison:
    """Compares on rows that neither should have been trained on, and warns where they were. Raises `TrainingDataError` where the
    rows lack an input."""
    if first.card.kind != second.card.kind:
        raise TrainingDataError(f"a {first.card.kind} model cannot be compared with a {second.card.kind} model")
    task = options.task
    found = [(predict(each, rows), tuple(each.card.classes)) for each in (first, second)]
    metrics = [task.metrics(y, classes, rows.truth, options.seed, rows.sessions) for y, classes in found]
    losses = [task.losses(y, classes, rows.truth) for y, classes in found]
    names = [f"{each.card.id}@{each.card.version}" for each in (first, second)]
    advantage = mean_with_interval(losses[1] - losses[0], options.seed, rows.sessions)
    # A version may be compared with itself, and is warned of once.
    compared = (first,) if first.card == second.card else (first, second)
    warnings = [text for each in compared if (text := trained_on(each.card, rows)) is not None]
    warnings += [
        f"{each.name} predicts {target}, these rows tell {options.target}"
        for each in compared
        if (target := target_of(each.card)) not in (None, options.target)
    ]
    return PairedComparison(names[0], names[1], len(rows), task.loss, metrics[0], metrics[1], advantage, warnings)
