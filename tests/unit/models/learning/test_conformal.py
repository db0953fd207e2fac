"""Conformal prediction against reference vectors (split and weighted, CQR, adaptive, LAC) and against counting."""

import json
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.learning.conformal import (
    conformal_quantile,
    conformal_rank,
    label_set,
    next_alpha,
    quantile_score,
    weighted_conformal_quantile,
)

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "conformal.json").read_text())


def test_split_conformal_agrees_with_the_vectors() -> None:
    for row in VECTORS["split_conformal"]["rows"]:
        assert conformal_rank(len(row["scores"]), row["alpha"]) == row["rank"]
        assert conformal_quantile(row["scores"], row["alpha"]) == (inf if row["q_hat"] == "inf" else row["q_hat"])


def test_quantile_regression_agrees_with_the_vectors() -> None:
    for case in VECTORS["cqr"]["cases"]:
        scores = [
            quantile_score(low, high, truth)
            for low, high, truth in zip(case["lower_quantile"], case["upper_quantile"], case["y"], strict=True)
        ]
        assert conformal_quantile(scores, case["alpha"]) == pytest.approx(case["q_hat"], abs=1e-9)
        assert conformal_rank(len(scores), case["alpha"]) == case["rank"]


def test_weighted_conformal_agrees_with_the_vectors() -> None:
    case = VECTORS["weighted_split_conformal"]
    assert weighted_conformal_quantile(case["scores"], case["weights"], case["alpha"]) == case["q_hat"]
    alike = [1.0] * len(case["scores"])
    assert weighted_conformal_quantile(case["scores"], alike, 0.1) == conformal_quantile(case["scores"], 0.1)


def test_the_adaptive_miss_rate_agrees_with_the_vectors() -> None:
    case = VECTORS["adaptive_conformal"]
    alpha, found = case["alpha"], []
    for missed in case["errors"]:
        alpha = next_alpha(alpha, case["alpha"], bool(missed), case["gamma"])
        found.append(alpha)
    assert found == pytest.approx(case["alpha_t"], abs=1e-12)


def test_label_sets_agree_with_the_vectors() -> None:
    case = VECTORS["classification"]
    scores = [1.0 - row[label] for row, label in zip(case["probabilities"], case["labels"], strict=True)]
    bound = conformal_quantile(scores, case["alpha"])
    assert bound == case["lac_q"]
    assert [list(label_set(row, bound)) for row in case["probabilities"]] == case["lac_sets_for_rows"]


def test_too_few_rows_give_an_infinite_bound_rather_than_a_small_one() -> None:
    assert conformal_quantile([1.0] * 8, 0.1) == inf
    assert conformal_quantile([1.0] * 9, 0.1) == 1.0
    assert weighted_conformal_quantile([1.0, 2.0], [0.5, 0.5], 0.1) == inf


def test_coverage_is_what_was_asked_for() -> None:
    #  99 rows calibrate, the hundredth is covered with probability 90/100 exactly.
    random = np.random.default_rng(11)
    draws = random.exponential(size=(4_000, 100))
    covered = [conformal_quantile(row[:99].tolist(), 0.1) >= row[99] for row in draws]
    assert np.mean(covered) == pytest.approx(0.9, abs=0.02)
