"""Measures the steps of one forest refit, beside scikit-learn. `.venv/bin/python -m infra.bench.refit`

The sample is as large as the reservoir of a content type. Times are of the processor, medians in milliseconds.
"""

import argparse
import json
import lzma
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

from infra.bench.forest import forest_rows, windows
from models.isolation_forest.fit import refit
from models.isolation_forest.grow import grow_trees, sampled_rows
from models.isolation_forest.onnx_export import SAMPLES, TREES, fit, to_onnx
from models.isolation_forest.scorer import ForestScorer
from models.reservoir import CAPACITY


def cost_ms(make: Callable[[], Any], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        begun = process_time()
        make()
        times.append(process_time() - begun)
    return round(1e3 * median(times), 1)


def measure(repeats: int) -> dict[str, float]:
    values = windows(CAPACITY, 7)
    rows, texts = forest_rows(values), [tuple(float(value) for value in row) for row in values]
    sampled = sampled_rows(CAPACITY, 7, TREES, SAMPLES)
    trees, stock = grow_trees(rows, 7, TREES, SAMPLES), fit(rows, 7)
    model = to_onnx(trees)
    steps: dict[str, Callable[[], Any]] = {
        "grow": lambda: grow_trees(rows, 7, TREES, SAMPLES),
        "sklearn_fit": lambda: fit(rows, 7),
        "scores_of_the_sample": lambda: trees.out_of_bag_scores(rows, sampled),
        "sklearn_score_samples": lambda: stock.score_samples(rows),
        "to_onnx": lambda: to_onnx(trees),
        "lzma": lambda: lzma.compress(model, preset=1),
        "whole_refit": lambda: refit("news", 7, texts),
        "load": lambda: ForestScorer(model),
    }
    return {name: cost_ms(step, repeats) for name, step in steps.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15, help="repeats, of which the median counts")
    print(json.dumps({"rows": CAPACITY, "trees": TREES, "ms": measure(parser.parse_args().repeats)}, indent=2))


if __name__ == "__main__":
    main()
