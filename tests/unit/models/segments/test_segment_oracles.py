"""The arithmetic of segments against vectors of another hand (numpy with fractions, scipy, scikit-learn)."""

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.segments.agreement import adjusted_rand, normalised_mutual_information
from models.segments.centroid_matching import matched
from models.segments.mini_batch import Centroids, as_rows, decay_of, nearest, updated
from models.segments.seeding import lloyd, plus_plus, seeded
from models.segments.stable_ids import heirs, jaccard
from models.segments.ward import groups, merges

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "vectors.json").read_text("utf-8"))


@pytest.mark.parametrize("case", VECTORS["minibatch_kmeans_decay"]["cases"])
def test_decayed_updates_are_the_vectors(case: dict[str, Any]) -> None:
    centroids = Centroids(as_rows(case["start_centroids"]), as_rows(case["start_weights"]))
    for step in case["steps"]:
        rows = as_rows(step["batch"]).reshape(-1, 2)
        assigned = nearest(rows, centroids.points)
        centroids = updated(centroids, rows, assigned, case["decay_per_batch"])

        assert assigned.tolist() == step["assignment"]
        assert centroids.points == pytest.approx(as_rows(step["centroids"]), rel=1e-14, abs=1e-14)
        assert centroids.weights == pytest.approx(as_rows(step["weights"]), rel=1e-14)


def test_a_half_life_halves_a_weight_that_gets_no_rows() -> None:
    centroids = Centroids(as_rows([[0.0], [9.0]]), as_rows([8.0, 8.0]))
    for _ in range(10):
        centroids = updated(centroids, as_rows([[9.0]]), np.array([1]), decay_of(10.0))

    assert centroids.weights[0] == pytest.approx(4.0)
    assert centroids.points[0] == 0.0


def test_an_unknown_value_neither_draws_a_row_nor_moves_a_centroid() -> None:
    centroids = Centroids(as_rows([[0.0, 5.0], [10.0, 0.0]]), as_rows([1.0, 1.0]))
    rows = as_rows([[1.0, np.nan]])

    assigned = nearest(rows, centroids.points)
    moved = updated(centroids, rows, assigned, 1.0)

    assert assigned.tolist() == [0]
    assert moved.points[0].tolist() == [0.5, 5.0]
    assert moved.weights.tolist() == [2.0, 1.0]


@pytest.mark.parametrize("case", VECTORS["stable_ids"]["cases"], ids=lambda case: case["name"])
def test_ids_are_inherited_as_in_the_vectors(case: dict[str, Any]) -> None:
    assert heirs(case["old"], case["new"]) == case["id_of_new"]
    for pair, expected in case["jaccard"].items():
        old, new = pair.split("|")
        assert jaccard(case["old"][old], case["new"][new]) == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize("case", VECTORS["centroid_matching"], ids=lambda case: case["name"])
def test_centroids_are_matched_as_in_the_vectors(case: dict[str, Any]) -> None:
    found, total = matched(as_rows(case["old"]), as_rows(case["new"]))

    assert found == {int(new): old for new, old in case["old_of_new"].items()}
    assert total == pytest.approx(case["total_distance"])


def test_matching_is_the_best_of_all_permutations() -> None:
    generator = np.random.default_rng(3)
    for size in (1, 2, 4, 5):
        old, new = generator.normal(size=(size, 2)), generator.normal(size=(size, 2))
        distances = np.linalg.norm(new[:, None] - old[None], axis=2)
        best = min(sum(distances[i, j] for i, j in enumerate(order)) for order in permutations(range(size)))
        assert matched(old, new)[1] == pytest.approx(best)


def test_more_new_centroids_than_old_ones_leave_some_unmatched() -> None:
    found, _ = matched(as_rows([[0.0], [9.0]]), as_rows([[5.0], [9.1], [0.1]]))

    assert found == {1: 1, 2: 0}


def test_weighted_ward_merges_as_scipy() -> None:
    vectors = VECTORS["weighted_ward"]
    points, weights = as_rows(vectors["micro_clusters"]), as_rows(vectors["weights"])

    for merge, expected in zip(merges(points, weights), vectors["merges"], strict=True):
        assert sorted((merge.left, merge.right)) == sorted((tuple(expected["left"]), tuple(expected["right"])))
        assert merge.increase == pytest.approx(expected["increase_of_within_sum_of_squares"])
        assert merge.height == pytest.approx(expected["ward_height"])
    for k, labels in vectors["labels"].items():
        mine = {index: number for number, group in enumerate(groups(points, weights, int(k))) for index in group}
        assert adjusted_rand([mine[index] for index in range(len(points))], labels) == 1.0


@pytest.mark.parametrize("case", VECTORS["agreement"])
def test_agreement_is_that_of_scikit_learn(case: dict[str, Any]) -> None:
    assert adjusted_rand(case["a"], case["b"]) == pytest.approx(case["adjusted_rand"])
    assert normalised_mutual_information(case["a"], case["b"]) == pytest.approx(case["nmi"], abs=1e-12)


def test_seeding_finds_planted_groups_and_repeats_itself() -> None:
    generator = np.random.default_rng(5)
    centres = as_rows([[0, 0], [8, 0], [0, 8], [8, 8]])
    rows = np.repeat(centres, 60, axis=0) + generator.normal(size=(240, 2))
    rows[::17, 1] = np.nan

    first, again = seeded(rows, 4, seed=1), seeded(rows, 4, seed=1)

    assert np.array_equal(first.points, again.points)
    assert matched(centres, first.points)[1] < 4 * 0.8
    assert first.weights.sum() == 240


def test_seeding_asks_for_no_more_points_than_there_are() -> None:
    rows = as_rows([[1.0], [1.0], [4.0]])

    points = plus_plus(rows, 5, np.random.default_rng(0))

    assert sorted(points[:, 0].tolist()) == [1.0, 4.0]
    assert lloyd(rows, points)[1].tolist() in ([0, 0, 1], [1, 1, 0])
