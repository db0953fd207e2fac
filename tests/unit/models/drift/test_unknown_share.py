"""The watch for unknown values: right about every table of four, awake where a field is no longer sent, and calm otherwise."""

import numpy as np
import pytest
from scipy.stats import fisher_exact

from models.drift.unknown_share import MIN_RISE, UnknownWatch, rise_p


@pytest.mark.parametrize("rows", [1, 40, 200])
@pytest.mark.parametrize("reference_rows", [1, 300, 5_000])
def test_the_probability_is_that_of_fishers_exact_test(reference_rows: int, rows: int) -> None:
    generator = np.random.default_rng(890)
    for _ in range(20):
        before, now = int(generator.integers(reference_rows + 1)), int(generator.integers(rows + 1))
        table = [[now, rows - now], [before, reference_rows - before]]
        wanted = float(fisher_exact(table, alternative="greater").pvalue)
        assert rise_p(before, reference_rows, now, rows) == pytest.approx(wanted, rel=1e-6, abs=1e-300)


def shares(share: float, rows: int, seed: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    generator = np.random.default_rng(seed)
    return np.where(generator.random(rows) < share, np.nan, generator.normal(size=rows))


def risen(before: float, now: float, rows: int = 200) -> list[str]:
    watch = UnknownWatch({"calm": shares(0.3, 1_000, 891), "field": shares(before, 1_000, 892)})
    judged = watch.judge({"calm": shares(0.3, rows, 893), "field": shares(now, rows, 894)}, rows)
    return [each.subject for each in judged if each.has_risen]


def test_a_jump_is_found_and_nothing_else() -> None:
    for before, now in ((0.0, 0.3), (0.02, 0.3), (0.3, 0.6), (0.6, 0.9), (0.0, 1.0)):
        assert risen(before, now) == ["field"]
    for before, now in ((0.3, 0.3), (0.9, 0.2), (1.0, 1.0), (0.0, 0.0)):
        assert risen(before, now) == []


def test_a_rise_that_is_no_chance_and_small_is_no_jump() -> None:
    watch = UnknownWatch({"field": shares(0.0, 5_000, 895)})
    (finding,) = watch.judge({"field": [*[np.nan] * 50, *[1.0] * 950]}, 1_000)
    assert finding.p < 1e-12
    assert (finding.share, finding.reference_share) == (0.05, 0.0)
    assert finding.share < MIN_RISE
    assert not finding.has_risen


def test_a_feature_that_no_row_has_any_more_is_unknown_in_all_of_them() -> None:
    watch = UnknownWatch({"field": [1.0] * 300})
    (finding,) = watch.judge({}, 200)
    assert (finding.share, finding.has_risen) == (1.0, True)
    assert watch.judge({}, 0) == []
    assert UnknownWatch({"field": []}).judge({}, 200) == []
