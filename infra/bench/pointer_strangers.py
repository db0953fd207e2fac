"""Tells strangers from owners by their pointer: Balabit's mouse recordings, one anomaly model for each user.

`python -m infra.bench.pointer_strangers [--json]`. Fitted on the first three quarters of a recording, calibrated by the rest; a
session scores the mean over its windows of minus the logarithm of the combined probability. The area is global, over all users.
The number of strokes a window was set on the users at even places (`chosen`), by the ensemble.
"""

import argparse
import csv
import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.metrics import roc_auc_score

from infra.bench.anomaly_sets import oddness
from infra.bench.pointer_strokes import described, read_events, strokes
from infra.simulate.converters.shared import shared_data
from models.anomaly.fit import MEMBERS, fit

SEED: Final = 1
FITTED: Final = 0.75
ALARM_RATE: Final = 0.05
PUBLISHED: Final = 0.786


@dataclass(frozen=True, slots=True)
class ScoredSession:
    """Scores by model; those of single members as deviations from what held-back windows of the user have."""

    user: str
    illegal: bool
    scores: dict[str, float]


def scored(folder: Path) -> list[ScoredSession]:
    """Every labelled session of the folder. Raises FileNotFoundError."""
    with (folder / "public_labels.csv").open(encoding="utf-8", newline="") as lines:
        labels = {row["filename"]: row["is_illegal"] == "1" for row in csv.DictReader(lines)}
    made = []
    for user in sorted(each.name for each in (folder / "training_files").iterdir()):
        own = np.concatenate(
            [strokes(read_events(path)) for path in sorted((folder / "training_files" / user).glob("*.gz"))]
        )
        parted = int(FITTED * len(own))
        rows, held_back = described(own[:parted]), described(own[parted:])
        model, calibration = fit(rows, held_back, SEED, ALARM_RATE, [f"f{place}" for place in range(rows.shape[1])])
        usual = model.scores(held_back)
        for path in sorted((folder / "test_files" / user).glob("*.gz")):
            windows = model.scores(described(strokes(read_events(path))))
            apart = (windows.mean(axis=0) - np.median(usual, axis=0)) / usual.std(axis=0)
            found = dict(zip(MEMBERS, apart.tolist(), strict=True))
            found["ensemble"] = float(oddness(calibration, windows).mean())
            made.append(ScoredSession(user, labels[path.name.partition(".")[0]], found))
    return made


def area(sessions: Sequence[ScoredSession], model: str) -> float:
    return float(roc_auc_score([each.illegal for each in sessions], [each.scores[model] for each in sessions]))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.bench.pointer_strangers", description=__doc__)
    parser.add_argument("--data", type=Path, default=shared_data() / "balabit-mouse")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    if not (options.data / "public_labels.csv").is_file():
        print(f"{options.data} holds no recordings of Balabit's", file=sys.stderr)
        return 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a window in which a feature is never known
        sessions = scored(options.data)
    users = sorted({each.user for each in sessions})
    groups = {
        "all": sessions,
        "chosen": [each for each in sessions if each.user in users[::2]],
        "judged": [each for each in sessions if each.user in users[1::2]],
    }
    table = {name: {model: area(group, model) for model in (*MEMBERS, "ensemble")} for name, group in groups.items()}
    if options.json:
        print(json.dumps(table, indent=1))
        return 0
    print(f"{len(sessions)} sessions of {len(users)} users; the figure to compare with is {PUBLISHED}")
    print(f"{'area':8}" + "".join(f"{name:>12}" for name in table["all"]))
    for name, row in table.items():
        print(f"{name:8}" + "".join(f"{each:12.3f}" for each in row.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
