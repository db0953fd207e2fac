"""The tests for drift against river's indices and scipy's values."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.drift import chi_square, kolmogorov_smirnov
from models.drift.adwin import Adwin
from models.drift.page_hinkley import PageHinkley
from models.drift.population_stability import (
    bin_shares,
    category_index,
    index_of,
    inner_edges,
    jensen_shannon,
    threshold,
)

DATA = Path(__file__).parent / "data"
STREAMS: dict[str, list[float]] = json.loads((DATA / "streams.json").read_text("utf-8"))
RIVER: dict[str, Any] = json.loads((DATA / "river_0.26.1.json").read_text("utf-8"))
VALUES: dict[str, Any] = json.loads((DATA / "psi_ks.json").read_text("utf-8"))

ADWINS = {
    "ADWIN(delta=0.002, clock=32, max_buckets=5, min_window_length=5, grace_period=10)": (0.002, 32),
    "ADWIN(delta=0.05, clock=32)": (0.05, 32),
    "ADWIN(delta=0.002, clock=1)": (0.002, 1),
}
PAGE_HINKLEYS: dict[str, dict[str, Any]] = {
    "PageHinkley(min_instances=30, delta=0.005, threshold=50, alpha=0.9999, mode=both)": {},
    "PageHinkley(delta=0.005, threshold=20, alpha=1.0, mode=both)": {"threshold": 20.0, "alpha": 1.0},
    "PageHinkley(delta=0.1, threshold=20, alpha=1.0, mode=up)": {
        "delta": 0.1, "threshold": 20.0, "alpha": 1.0, "mode": "up",
    },
    "PageHinkley(delta=0.1, threshold=20, alpha=1.0, mode=down)": {
        "delta": 0.1, "threshold": 20.0, "alpha": 1.0, "mode": "down",
    },
}  # fmt: skip
by_case = pytest.mark.parametrize("case", VALUES["numeric"], ids=lambda case: case["name"])


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("setting", ADWINS)
def test_adwin_reports_where_river_does(stream: str, setting: str) -> None:
    expected = RIVER[stream][setting]
    delta, clock = ADWINS[setting]
    adwin, found = Adwin(delta, clock), []
    for index, value in enumerate(STREAMS[stream]):
        if adwin.update(value):
            found.append(index)
        if (state := expected["checkpoints"].get(str(index + 1))) is not None:
            assert adwin.width == state["width"]
            assert adwin.mean == pytest.approx(state["estimation"], rel=1e-9, abs=1e-12)
            assert adwin.squares == pytest.approx(state["variance"], rel=1e-9)

    assert found == expected["drift_at"]


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("setting", PAGE_HINKLEYS)
def test_page_hinkley_reports_where_river_does(stream: str, setting: str) -> None:
    test = PageHinkley(**PAGE_HINKLEYS[setting])

    assert [i for i, value in enumerate(STREAMS[stream]) if test.update(value)] == RIVER[stream][setting]["drift_at"]


@pytest.mark.parametrize("unit", [1.0, 0.001, 30_000.0])
def test_in_sigma_one_setting_serves_streams_of_any_unit(unit: float) -> None:
    def drifts(name: str) -> list[int]:
        test = PageHinkley(delta=0.25, threshold=20.0, alpha=1.0, in_sigma=True)
        return [index for index, value in enumerate(STREAMS[name]) if test.update(value * unit + 5.0 * unit)]

    assert 1_000 <= drifts("gauss_0_to_1_at_1000")[0] < 1_060
    assert 1_000 <= drifts("gauss_0_to_minus1_at_1000")[0] < 1_060
    assert 2_000 <= drifts("errors_0.10_to_0.30_at_2000")[0] < 2_200
    assert drifts("errors_0.10_constant") == []


@by_case
def test_psi_is_that_of_the_oracle(case: dict[str, Any]) -> None:
    reference, current = np.array(case["reference"]), np.array(case["current"])
    edges = inner_edges(reference)
    before, after = bin_shares(reference, edges), bin_shares(current, edges)

    assert edges.tolist() == pytest.approx(case["decile_edges_inner"])
    key = "psi_deciles_of_reference (bins by numpy quantile linear, open ends, left-closed, eps 1e-4)"
    assert index_of(before, after) == pytest.approx(case[key], rel=1e-9)
    assert threshold(len(edges) + 1, len(reference), len(current)) == pytest.approx(
        case["psi_95_percent_threshold_chi2"], rel=1e-12
    )
    assert jensen_shannon(before, after) == pytest.approx(case["jensen_shannon_base2_deciles"], rel=1e-9)


@pytest.mark.parametrize("case", VALUES["categorical"])
def test_psi_of_categories_is_that_of_the_oracle(case: dict[str, Any]) -> None:
    found = category_index(case["reference"], case["current"])

    assert found == pytest.approx(case["psi_eps_1e-4"], rel=1e-9, abs=1e-15)


@by_case
def test_kolmogorov_smirnov_is_that_of_scipy(case: dict[str, Any]) -> None:
    reference, current = np.array(case["reference"]), np.array(case["current"])
    sizes = len(reference), len(current)
    distance = kolmogorov_smirnov.statistic(reference, current)

    assert distance == pytest.approx(case["ks_statistic"], rel=1e-12)
    assert kolmogorov_smirnov.stephens_p(distance, *sizes) == pytest.approx(case["ks_p_stephens"], rel=1e-6)
    exact = case["ks_p_exact_or_auto"]
    assert kolmogorov_smirnov.exact_p(distance, *sizes) == pytest.approx(exact, rel=1e-6, abs=1e-11)
    assert kolmogorov_smirnov.wasserstein(reference, current) == pytest.approx(case["wasserstein_1"], rel=1e-9)


def test_kolmogorov_smirnov_of_two_pairs_by_hand() -> None:
    # Of the 6 orders of two and two values, 2 keep the samples apart (distance 1) and 4 reach one half or more only.
    assert kolmogorov_smirnov.exact_p(1.0, 2, 2) == pytest.approx(2 / 6)
    assert kolmogorov_smirnov.exact_p(0.5, 2, 2) == pytest.approx(1.0)


def test_quantiles_of_chi_square() -> None:
    # Pearson's table.
    for degrees, expected in ((1, 6.6349), (4, 13.2767), (9, 21.6660), (30, 50.8922), (100, 135.8067)):
        assert chi_square.quantile(0.99, degrees) == pytest.approx(expected, abs=5e-5)
        assert chi_square.tail(expected, degrees) == pytest.approx(0.01, abs=1e-6)
