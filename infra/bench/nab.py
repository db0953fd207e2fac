"""Runs the Numenta Anomaly Benchmark: the streaming detector of `models` and NAB's windowed Gaussian, scored by NAB's rules.

The detector's constants were set on the series at even places of the sorted list (`tuned`); those at odd places are `judged`,
with a threshold of their own and with that of the tuned ones.

Rules: Lavin and Ahmad (2015), "Evaluating real-time anomaly detection algorithms", ICMLA, as numenta/NAB at commit
ea702d7 applies them. `python -m infra.bench.nab [--json] [--data FOLDER]`; the folder may be a clone of that
repository. Given the scores it holds for its windowed Gaussian and random cut forest, `best_threshold` gives what it publishes
for the three profiles (standard: 39.65 and 51.72). Those have 12 digits; the windowed Gaussian gains by having all.
"""

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from math import erfc, exp, inf, sqrt
from pathlib import Path
from time import process_time
from typing import Final

import numpy as np

from infra.simulate.converters.shared import shared_data
from models.judgement.stream_detector import StreamDetector

PROBATION: Final = 0.15
"""Share of a series, and of 5000 rows at most, in which nothing counts: detectors learn there."""

PUBLISHED: Final = "published scores on these series, standard profile: windowed Gaussian 38.4, the best detector 75.4"
"""By the score files in numenta/NAB for the series that are here. This program does not compute them."""

NO_ALARM: Final = 1.1
"""A threshold that no score reaches."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a window found, a window missed and a false alarm weigh."""

    found: float
    missed: float
    false: float


PROFILES: Final = {
    "standard": Profile(found=1.0, missed=1.0, false=0.11),
    "reward_low_FP_rate": Profile(found=1.0, missed=1.0, false=0.22),
    "reward_low_FN_rate": Profile(found=1.0, missed=2.0, false=0.11),
}


@dataclass(frozen=True, slots=True)
class Series:
    """One file. `windows` are first and last row of each labelled anomaly, in order."""

    name: str
    values: list[float]
    windows: list[tuple[int, int]]
    times_ms: list[int]


@dataclass(frozen=True, slots=True)
class Result:
    """`score` is 0 for a detector without any alarm, 100 for one that finds every window at once and nothing else."""

    score: float
    threshold: float
    found: int
    windows: int
    false_alarms: int


def read(folder: Path) -> list[Series]:
    """The series below `folder`/data with their windows. Raises FileNotFoundError; ValueError if the two disagree."""
    labels = json.loads((folder / "labels" / "combined_windows.json").read_text("utf-8"))
    return [_series(path, labels) for path in sorted((folder / "data").glob("*/*.csv"))]


def _series(path: Path, labels: dict[str, list[tuple[str, str]]]) -> Series:
    name = f"{path.parent.name}/{path.name}"
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    # Two series have an hour twice, where summer time ends; NAB takes the first.
    times = [_time(row["timestamp"]) for row in rows]
    place = {time: number for number, time in reversed(list(enumerate(times)))}
    try:
        windows = [(place[_time(first)], place[_time(last)]) for first, last in labels[name]]
    except KeyError as error:
        raise ValueError(f"{name}: its labels name {error}, which the series has not") from error
    values = [float(row["value"]) for row in rows]
    return Series(name, values, windows, [int(time.timestamp() * 1000.0) for time in times])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def sigmoid_weight(position: float) -> float:
    """Weighs an alarm by its position relative to a window: -1 is its first row, 0 just after its last, 1 a width beyond that.

    >>> round(sigmoid_weight(-1.0), 5), sigmoid_weight(0.0), round(sigmoid_weight(1.0), 5), sigmoid_weight(3.1)
    (0.98661, 0.0, -0.98661, -1.0)
    """
    return -1.0 if position > 3.0 else 2.0 / (1.0 + exp(5.0 * position)) - 1.0


@dataclass(frozen=True, slots=True)
class Point:
    """A row that counts. `weight` is at most 1; `window` is None outside of any."""

    score: float
    weight: float
    window: tuple[str, int] | None


def scored_points(series: Series, scores: Sequence[float]) -> list[Point]:
    """Returns the rows after probation, each with the weight of an alarm there before the profile's weights."""
    first = int(min(PROBATION * len(scores), PROBATION * 5000))
    inside = {row: window for window in series.windows for row in range(window[0], window[1] + 1)}
    made, before = [], None
    for row, score in enumerate(scores):
        if (window := inside.get(row)) is not None:
            before, name = window, (series.name, window[0])
            value = sigmoid_weight(-(window[1] - row + 1) / (window[1] - window[0] + 1)) / sigmoid_weight(-1.0)
        else:
            name, value = None, sigmoid_weight(_widths_after(before, row))
        if row >= first:
            made.append(Point(score, value, name))
    return made


def _widths_after(window: tuple[int, int] | None, row: int) -> float:
    if window is None or window[0] == window[1]:
        return inf
    return (row - window[1]) / (window[1] - window[0])


def best_threshold(corpus: Iterable[tuple[Series, Sequence[float]]], profile: Profile, least: float = -inf) -> Result:
    """Finds the threshold, not below `least`, with the best score over the whole corpus, as NAB does for every detector.

    An alarm is a score not below the threshold. Of the alarms in a window the first that counts most is rewarded, those
    outside all cost. A window that lies in probation altogether can be neither found nor missed.
    """
    every, windows = [], 0
    for series, scores in corpus:
        every += scored_points(series, scores)
        windows += len(series.windows)
    every.sort(key=lambda point: -point.score)
    rewards = {point.window: -profile.missed for point in every if point.window is not None}
    silence = total = sum(rewards.values())
    top, found, false_alarms = (total, NO_ALARM, 0, 0), set(), 0
    for place, point in enumerate(every):
        if point.window is None:
            total += profile.false * point.weight
            false_alarms += 1
        else:
            found.add(point.window)
            reward = profile.found * point.weight
            if reward > rewards[point.window]:
                total += reward - rewards[point.window]
                rewards[point.window] = reward
        last_of_its_score = place + 1 == len(every) or every[place + 1].score != point.score
        if last_of_its_score and point.score >= least and total > top[0]:
            top = (total, point.score, len(found), false_alarms)
    perfect = windows * profile.found
    score = 100.0 * (top[0] - silence) / (perfect - silence)
    return Result(score, top[1], top[2], windows, top[3])


def score_at(corpus: Iterable[tuple[Series, Sequence[float]]], profile: Profile, threshold: float) -> Result:
    """Scores the corpus at a threshold that was set elsewhere. If no alarm at all is better, that is what it says."""
    alarms = [(series, [float(score >= threshold) for score in scores]) for series, scores in corpus]
    return replace(best_threshold(alarms, profile, least=1.0), threshold=threshold)


def windowed_gaussian(series: Series) -> list[float]:
    """NAB's detector of that name."""
    return gaussian_scores(series.values)


def gaussian_scores(values: Sequence[float], size: int = 6400, step: int = 100) -> list[float]:
    """1 less the tail probability under mean and deviation of the last 6400 values.

    Until there are so many, every value is learned at once; then 100 at a time.
    """
    seen = np.array(values)
    scores, begin, end, waiting, mean, deviation = [], 0, 0, 0, 0.0, 1.0
    for value in values:
        scores.append(1.0 - 0.5 * erfc(abs(value - mean) / deviation / sqrt(2.0)) if end else 0.0)
        if end - begin < size:
            end += 1
        else:
            waiting += 1
            if waiting < step:
                continue
            begin, end, waiting = begin + step, end + step, 0
        mean = float(np.mean(seen[begin:end]))
        deviation = float(np.std(seen[begin:end])) or 1e-6
    return scores


def our_detector(series: Series) -> list[float]:
    """`StreamDetector`; a value it cannot judge raises no alarm."""
    detector = StreamDetector()
    timed = zip(series.values, series.times_ms, strict=True)
    return [detector.score(value, at_ms) or 0.0 for value, at_ms in timed]


DETECTORS: Final[dict[str, Callable[[Series], list[float]]]] = {
    "StreamDetector": our_detector,
    "windowedGaussian": windowed_gaussian,
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.bench.nab", description=__doc__)
    parser.add_argument("--data", type=Path, default=shared_data() / "nab")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    corpus = read(options.data) if options.data.is_dir() else []
    if not corpus:
        print(f"{options.data} holds no series of NAB", file=sys.stderr)
        return 1
    table = []
    for name, detect in DETECTORS.items():
        began = process_time()
        scores = [detect(series) for series in corpus]
        us_per_value = 1e6 * (process_time() - began) / sum(map(len, scores))
        scored = list(zip(corpus, scores, strict=True))
        standard = PROFILES["standard"]
        tuned = best_threshold(scored[::2], standard)
        found = {
            **{profile: best_threshold(scored, weights) for profile, weights in PROFILES.items()},
            "standard, tuned": tuned,
            "standard, judged": best_threshold(scored[1::2], standard),
            "at tuned threshold": score_at(scored[1::2], standard, tuned.threshold),
        }
        for profile, result in found.items():
            table.append({"detector": name, "profile": profile, **asdict(result), "us_per_value": us_per_value})
    if options.json:
        print(json.dumps({"series": len(corpus), "results": table}, indent=1))
        return 0
    print(f"{len(corpus)} series, {sum(len(series.values) for series in corpus)} values")
    print(f"{'detector':18}{'profile':21}{'score':>7}{'windows':>10}{'false':>7}{'threshold':>11}{'us/value':>10}")
    for row in table:
        windows = f"{row['found']}/{row['windows']}"
        print(f"{row['detector']:18}{row['profile']:21}{row['score']:7.2f}{windows:>10}", end="")
        print(f"{row['false_alarms']:7}{row['threshold']:11.6f}{row['us_per_value']:10.1f}")
    print(PUBLISHED)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
