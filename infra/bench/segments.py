"""Measures segments and drift on planted streams: ``python -m infra.bench.segments``.

Agreement with the planted groups, ids kept over 20 refreshes without drift, rows a second; false alarms on undrifted ranges of
small samples, and after how many sessions a planted change is told. Limits were chosen on seeds below 400; those here judge.
"""

import argparse
import sys
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.drift.live_errors import DELTA_SIGMAS, THRESHOLD_SIGMAS
from models.drift.page_hinkley import PageHinkley
from models.drift.population_stability import bin_shares, index_of, inner_edges, threshold
from models.drift.unknown_share import UnknownWatch
from models.drift.watch import DriftWatch
from models.segments.agreement import adjusted_rand
from models.segments.learner import LearningOptions, SegmentLearner

BATCH: Final = 100
IDS_SEEDS: Final = range(420, 440)
DRIFT_SEEDS: Final = range(800, 1_000)
DATA: Final = Path(__file__).parents[2] / "tests" / "unit" / "models" / "segments" / "data"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.bench.segments", description=__doc__)
    parser.add_argument("--ids", type=int, default=len(IDS_SEEDS), help="streams on which ids are followed")
    parser.add_argument("--job", action="store_true", help="measure through Kafka, Flink and Redis instead")
    parser.add_argument("--readers", type=int, default=500, help="readers to place, with --job")
    options = parser.parse_args(arguments)
    if options.job:
        from infra.bench import segments_job

        for line in segments_job.measure(options.readers):
            print(line, flush=True)
        return 0
    for name in ("planted_stream", "planted_stream_drift"):
        with np.load(DATA / f"{name}.npz") as data:
            rows, labels = data["X"].astype(np.float64), data["y"]
        for segments in (5, None):
            agreement, _, rate = follow(rows, labels, segments)
            how = "5 given" if segments else "number found"
            print(f"{name}, {how}: ARI {agreement:.3f} after 1,000 rows, {rate:,.0f} rows/s")
    follow_ids(list(IDS_SEEDS)[: options.ids])
    false_alarms()
    delays()
    live_alarms()
    return 0


def follow(
    rows: NDArray[np.float64], labels: NDArray[np.intp], segments: int | None
) -> tuple[float, list[set[str]], float]:
    """Agreement of each row's segment, told before the row is learnt, the ids of each refresh, and rows a second."""
    from tests.unit.models.segments.streams import COLUMNS

    learner = SegmentLearner(LearningOptions(segments=segments), COLUMNS)
    assigned: list[str] = []
    ids, begin_s = [], perf_counter()
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        if learner.groups is not None:
            assigned += learner.assign(batch)
        for row in batch.tolist():
            if (refresh := learner.add(row, start)) is not None:
                ids.append({each.segment_id for each in refresh.segments})
    rate = len(rows) / (perf_counter() - begin_s)
    return adjusted_rand(assigned, labels[len(rows) - len(assigned) :].tolist()), ids, rate


def follow_ids(seeds: list[int]) -> None:
    from tests.unit.models.segments.streams import planted

    kept = there = lasting = first = 0
    agreements = []
    for seed in seeds:
        rows, labels = planted(seed, 21_000)
        agreement, ids, _ = follow(rows, labels, None)
        agreements.append(agreement)
        kept += sum(len(before & after) for before, after in pairwise(ids))
        there += sum(len(before) for before in ids[:-1])
        lasting, first = lasting + len(ids[0] & ids[-1]), first + len(ids[0])
    print(
        f"{len(seeds)} streams without drift, 20 refreshes each: {kept / there:.1%} of ids kept from refresh to refresh, "
        f"{lasting / first:.1%} from the first to the last; ARI {min(agreements):.3f} to {max(agreements):.3f}"
    )


def features(generator: np.random.Generator, rows: int, factor: float = 1.0) -> dict[str, NDArray[np.float64]]:
    """Durations, counts with many zeros, shares with ties; the first one changed by a factor."""
    return {
        "engaged_ms": generator.gamma(2.0, 9_000.0 * factor, rows),
        "clicks": generator.poisson(0.4, rows).astype(np.float64),
        "scroll_depth": np.round(generator.beta(2.0, 1.0, rows), 1),
        "rapid_exits": (generator.random(rows) < 0.03).astype(np.float64),
        "pointer_path_px": generator.lognormal(6.0, 1.5, rows),
        "forest": generator.normal(0.45, 0.05, rows),
    }


def partly_unknown(values: dict[str, NDArray[np.float64]], seed: int) -> dict[str, NDArray[np.float64]]:
    """The numbers, unknown in 2 % to 90 % of the rows."""
    rows = len(next(iter(values.values())))
    generator = np.random.default_rng([seed, rows])
    shares = zip(values.items(), (0.02, 0.1, 0.3, 0.5, 0.7, 0.9), strict=True)
    return {name: np.where(generator.random(rows) < share, np.nan, each) for (name, each), share in shares}


def false_alarms() -> None:
    for rows in (40, 120, 200):
        alarms = rises = thumb = chi_square = 0
        for seed in DRIFT_SEEDS:
            generator = np.random.default_rng(seed)
            reference, current = features(generator, 1_000), features(generator, rows)
            alarms += bool(DriftWatch(reference).look(current))
            unknown = (partly_unknown(each, seed) for each in (reference, current))
            rises += any(each.has_risen for each in UnknownWatch(next(unknown)).judge(next(unknown), rows))
            found = [(name, inner_edges(reference[name])) for name in reference]
            psi = [index_of(bin_shares(reference[n], edges), bin_shares(current[n], edges)) for n, edges in found]
            thumb += max(psi) > 0.1
            limits = [threshold(len(edges) + 1, 1_000, rows) if len(edges) else 1.0 for _, edges in found]
            chi_square += any(value > limit for value, limit in zip(psi, limits, strict=True))
        print(
            f"{len(DRIFT_SEEDS)} undrifted ranges of {rows} sessions, 6 numbers: {alarms} alarms, {rises} of unknown values; "
            f"PSI over 0.1 would raise {thumb}, its 95 % threshold {chi_square}"
        )


def delays() -> None:
    for factor in (1.25, 1.5, 2.0):
        found, wrong = 0, 0
        for seed in DRIFT_SEEDS:
            generator = np.random.default_rng(seed)
            subjects = {
                each.subject for each in DriftWatch(features(generator, 1_000)).look(features(generator, 200, factor))
            }
            found += "engaged_ms" in subjects
            wrong += bool(subjects - {"engaged_ms"})
        share = found / len(DRIFT_SEEDS)
        print(
            f"engaged time times {factor}: told within the first 200 sessions in {share:.0%} of {len(DRIFT_SEEDS)} ranges, "
            f"another number accused in {wrong}"
        )


def live_alarms(values: int = 1_000_000) -> None:
    streams = {
        "normal": np.random.default_rng(900).normal(size=values),
        "gamma": np.random.default_rng(901).gamma(4.0, 25.0, values),
        "exponential": np.random.default_rng(902).exponential(1.0, values),
    }
    for name, stream in streams.items():
        test = PageHinkley(DELTA_SIGMAS, THRESHOLD_SIGMAS, alpha=1.0, mode="up", in_sigma=True)
        alarms = sum(test.update(value) for value in stream.tolist())
        print(f"Page-Hinkley in sigma on {values:,} undrifted {name} errors: {alarms} alarms")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
