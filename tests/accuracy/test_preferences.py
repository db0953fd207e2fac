"""On worlds that nothing was set on, boosted trees beat the best constant and a linear model on a later range."""

import pytest

from infra.simulate.preferences import CHOOSING_SEEDS, JUDGING, JUDGING_SEEDS, readers
from models.learning.evaluation import CONSTANT, LINEAR
from models.learning.options import TrainingOptions
from models.learning.parity import MAX_DIFFERENCE
from models.learning.training import train

ROWS = 3_000


def test_the_seeds_for_choosing_and_for_judging_are_others() -> None:
    assert not set(CHOOSING_SEEDS) & set(JUDGING_SEEDS)


@pytest.mark.parametrize("seed", JUDGING_SEEDS)
@pytest.mark.parametrize(("kind", "metric"), [("length", "mae"), ("tone", "accuracy")])
def test_planted_preferences_are_found(kind: str, metric: str, seed: int) -> None:
    options = TrainingOptions(kind, kind, seed=1, parity_rows=5_000)  # type: ignore[arg-type]
    found = train(readers(JUDGING, kind, ROWS, seed), options)  # type: ignore[arg-type]
    ours = found.evaluation.metrics[metric]
    assert ours.low is not None
    assert ours.high is not None
    for rival in (CONSTANT, LINEAR):
        other = next(each for each in found.evaluation.comparisons if each.name == rival)
        theirs = other.metrics[metric]
        assert theirs.low is not None
        assert theirs.high is not None
        print(f"{kind}, seed {seed}, {metric}: {ours.value:.3f} ({ours.low:.3f} to {ours.high:.3f}), {rival}", end=" ")
        print(f"{theirs.value:.3f} ({theirs.low:.3f} to {theirs.high:.3f})")
        # Not only the interval of the difference: the two intervals are apart.
        assert ours.high < theirs.low if metric == "mae" else ours.low > theirs.high
        assert other.advantage.low is not None
        assert other.advantage.low > 0.0
    assert found.evaluation.passed, found.evaluation.reasons
    assert found.card.parity is not None
    assert found.card.parity <= MAX_DIFFERENCE
    coverage, wanted = found.evaluation.metrics["coverage"], found.card.coverage
    assert wanted is not None
    assert coverage.value == pytest.approx(wanted, abs=0.05)
