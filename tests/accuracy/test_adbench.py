"""On ADBench's sets, the forest that the job runs is scikit-learn's."""

import numpy as np
import pytest

from infra.bench.adbench import measure, sample
from tests.support.shared_data import shared

SETS = (
    "2_annthyroid",
    "4_breastw",
    "6_cardio",
    "14_glass",
    "17_InternetAds",
    "18_Ionosphere",
    "27_PageBlocks",
    "29_Pima",
    "32_shuttle",
    "35_SpamBase",
    "42_WBC",
)


@pytest.mark.parametrize("name", SETS)
def test_the_onnx_forest_finds_outliers_as_scikit_learn_does(name: str) -> None:
    result = measure(shared("adbench", f"{name}.npz"), other_seeds=(2, 3))
    seeds = f"{result.lowest_seed:.4f}-{result.highest_seed:.4f}"
    print(f"{name}: ours {result.ours:.4f}, scikit-learn {result.sklearn:.4f}, its other seeds {seeds}")
    assert abs(result.ours - result.sklearn) < 0.01
    assert result.apart < 1e-5


def test_a_sample_keeps_the_share_of_outliers_and_the_order_and_is_always_the_same() -> None:
    rows = np.arange(1000.0)[:, None]
    outlier = (np.arange(1000) % 10 == 0).astype(int)
    kept, marks = sample(rows, outlier, 200)
    assert len(kept) == 200
    assert marks.sum() == 20
    assert (np.diff(kept[:, 0]) > 0).all()
    assert (marks == (kept[:, 0] % 10 == 0)).all()
    assert np.array_equal(kept, sample(rows, outlier, 200)[0])


def test_a_small_set_is_taken_whole() -> None:
    rows, outlier = np.zeros((5, 2)), np.array([0, 0, 0, 1, 1])
    assert sample(rows, outlier, 5) == (rows, outlier)
