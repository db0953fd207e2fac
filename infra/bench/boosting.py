"""Measures one prediction of one row: the models of length and tone as ONNX, beside scikit-learn.

`.venv/bin/python -m infra.bench.boosting`. Trained on planted preferences (`infra/simulate/preferences.py`). The stock export
(skl2onnx) is not measured: it is no dependency of this project.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np

from infra.simulate.preferences import CHOOSING, readers
from models.announced.checking import CheckedModel
from models.announced.loading import load
from models.learning.boosting import Boosting, fit_label, fit_number
from models.learning.columns import Columns, levels_of
from models.learning.onnx_export import to_onnx
from models.learning.options import TrainingOptions
from models.learning.parity import compare
from models.learning.training import train
from models.predictions.prediction import predict

ROWS: Final = 4_000
CALLS: Final = 5_000
SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Result:
    """Microseconds of one row: the median and the 99th percentile."""

    kind: str
    trees: int
    bytes: int
    difference: float
    onnx_us: float
    onnx_p99_us: float
    job_us: float
    """From the values by name to a prediction with its interval, as the job does it."""
    sklearn_us: float


def timed(ask: Callable[[Any], object], rows: Sequence[Any]) -> tuple[float, float]:
    """Calls once for each row, after as many calls to warm up."""
    for row in rows:
        ask(row)
    taken = []
    for row in rows:
        began = time.perf_counter_ns()
        ask(row)
        taken.append(time.perf_counter_ns() - began)
    return float(np.median(taken)) / 1e3, float(np.quantile(taken, 0.99)) / 1e3


def measure(kind: Literal["length", "tone"], calls: int) -> Result:
    examples = readers(CHOOSING, kind, ROWS, SEED)
    trained = train(examples, TrainingOptions(kind, kind, parity_rows=1_000))
    columns = Columns(
        examples.names,
        {name: levels_of(examples.values[name].tolist()) for name in examples.names if examples.is_category(name)},
    )
    rows = columns.matrix(examples.values)
    fitted: Boosting = (fit_number if kind == "length" else fit_label)(columns, rows, examples.truth, SEED)
    artefact = to_onnx(fitted)
    loaded = load(CheckedModel(trained.card, trained.artefact, 0))
    assert loaded.scorer is not None
    singles = [rows[place : place + 1] for place in np.arange(calls) % len(rows)]
    named = [_values(examples, int(place)) for place in np.arange(calls) % len(rows)]
    onnx_us, onnx_p99_us = timed(loaded.scorer.score, singles)
    job_us, _ = timed(lambda given: predict(loaded, *given), named)
    sklearn_us, _ = timed(fitted.predict, singles[: max(1, calls // 20)])
    difference = compare(fitted, artefact, rows, SEED).difference
    trees = sum(1 for _ in fitted.single_trees())
    return Result(kind, trees, len(artefact), difference, onnx_us, onnx_p99_us, job_us, sklearn_us)


def _values(examples: Any, place: int) -> tuple[dict[str, float | None], dict[str, str | None]]:
    numbers: dict[str, float | None] = {}
    texts: dict[str, str | None] = {}
    for name in examples.names:
        value = examples.values[name][place]
        if examples.is_category(name):
            texts[name] = value
        else:
            numbers[name] = None if value != value else float(value)
    return numbers, texts


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.bench.boosting", description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    results = [measure(kind, given.calls) for kind in ("length", "tone")]
    if given.json:
        print(json.dumps([asdict(each) for each in results], indent=1))
        return 0
    print(f"{'model':8}{'trees':>6}{'bytes':>9}{'parity':>9}{'ONNX us':>9}{'p99':>7}{'job us':>8}{'sklearn us':>12}")
    for each in results:
        print(f"{each.kind:8}{each.trees:6}{each.bytes:9}{each.difference:9.0e}{each.onnx_us:9.1f}", end="")
        print(f"{each.onnx_p99_us:7.1f}{each.job_us:8.1f}{each.sklearn_us:12.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
