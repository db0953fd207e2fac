"""The combined models on ADBench's sets, and the rivals by hand."""

import numpy as np
import pytest

from infra.bench.anomaly_sets import areas
from infra.bench.outlier_rivals import ecod, hbos, nearest_neighbours
from models.anomaly.fit import MEMBERS
from tests.support.shared_data import shared

SMALL = ("4_breastw", "6_cardio", "18_Ionosphere", "29_Pima", "42_WBC")


def test_the_combination_is_about_as_good_as_the_best_member_and_far_better_than_the_worst() -> None:
    found = [areas(shared("adbench", f"{name}.npz"), seeds=(31,)) for name in SMALL]
    means = {name: float(np.mean([each[name] for each in found])) for name in found[0]}
    print(means)
    members = [means[name] for name in MEMBERS]
    assert means["ensemble"] >= max(members) - 0.01
    assert means["ensemble"] >= min(members) + 0.01


def test_distances_are_those_to_the_fifth_nearest_other_row() -> None:
    rows = np.random.default_rng(1).normal(size=(700, 3)) * [1.0, 50.0, 0.0]
    scaled = rows[:, :2] / rows[:, :2].std(axis=0)
    apart = np.sort(np.linalg.norm(scaled[:, None] - scaled[None], axis=2), axis=1)
    assert nearest_neighbours(rows) == pytest.approx(apart[:, 5])


def test_ecod_adds_up_the_logarithms_of_tails() -> None:
    # Ten values in order: of the largest one tenth is at least as large; its tail to the left is all.
    assert ecod(np.arange(10.0)[:, None])[9] == pytest.approx(-np.log(0.1))
    assert ecod(np.stack([np.arange(10.0), -np.arange(10.0)], axis=1))[9] == pytest.approx(-2.0 * np.log(0.1))


def test_hbos_finds_the_emptiest_bins_and_ignores_constants() -> None:
    rows = np.concatenate([np.linspace(0.0, 0.9, 99), [10.0]])[:, None]
    assert hbos(rows).argmax() == 99
    assert hbos(np.hstack([rows, np.ones((100, 1))])) == pytest.approx(hbos(rows))
