"""The Numenta Anomaly Benchmark: our streaming detector and NAB's windowed Gaussian, on the same series, by NAB's rules.

Rules: Lavin and Ahmad (2015), "Evaluating real-time anomaly detection algorithms", ICMLA, as numenta/NAB at commit
ea702d7 applies them. Fed with the scores that repository publishes, this scorer gives the figures it publishes
for all its three profiles (windowed Gaussian, standard: 39.6495); see the README of this folder's section on NAB.
"""

import csv
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

PROBATION: Final = 0.15
"""Share of a series, and of 5000 rows at most, in which nothing counts: detectors learn there."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a window found, a window missed and a false alarm weigh."""

    found: float
    missed: float
    false: float


PROFILES: Final = {
    "standard": Profile(1.0, 1.0, 0.11),
    "reward_low_FP_rate": Profile(1.0, 1.0, 0.22),
    "reward_low_FN_rate": Profile(1.0, 2.0, 0.11),
}


@dataclass(frozen=True, slots=True)
class Series:
    """One file. `windows` are the first and last row of each labelled anomaly, in order."""

    name: str
    values: list[float]
    windows: list[tuple[int, int]]

    @property
    def probation(self) -> int:
        return int(min(PROBATION * len(self.values), PROBATION * 5000))


def read(folder: Path) -> list[Series]:
    """The series below `folder`/data with their windows. Raises FileNotFoundError and, for other content, ValueError."""
    labels = json.loads((folder / "labels" / "combined_windows.json").read_text("utf-8"))
    return [_series(path, labels) for path in sorted((folder / "data").glob("*/*.csv"))]


def _series(path: Path, labels: dict[str, list[list[str]]]) -> Series:
    name = f"{path.parent.name}/{path.name}"
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    place: dict[datetime, int] = {}
    for row, fields in enumerate(rows):
        place.setdefault(_time(fields["timestamp"]), row)
    try:
        windows = [(place[_time(first)], place[_time(last)]) for first, last in labels[name]]
    except KeyError as error:
        raise ValueError(f"{name}: the labels name {error}, which it does not hold") from error
    return Series(name, [float(fields["value"]) for fields in rows], windows)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
