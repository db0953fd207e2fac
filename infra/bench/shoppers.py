"""Trains a classifier on the shop sessions of UCI 468: an honest later range, and one that leaks.

`python -m infra.bench.shoppers [--json]`. Honest: February to October before November and December, without the month; settings
are those of `models/learning/boosting.py`, none was chosen on this set. Leaking: buyers are repeated until both classes have as
many rows, and only then the rows are split, at random.

Source: Sakar et al. (2019), Neural Computing and Applications 31, 6893-6908; the set is CC BY 4.0.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from infra.simulate.converters.shared import shared_data
from models.learning.csv_file import CsvOptions, read_csv
from models.learning.evaluation import Evaluation
from models.learning.examples import Examples, Split
from models.learning.options import TrainingOptions
from models.learning.parity import PARITY_ROWS
from models.learning.training import train_on

FILE: Final = ("online-shoppers-intention", "online_shoppers_intention.csv")
MONTHS: Final = ("Feb", "Mar", "May", "June", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LATER_MONTHS: Final = ("Nov", "Dec")
CATEGORIES: Final = ("OperatingSystems", "Browser", "Region", "TrafficType", "VisitorType", "Weekend")
SEED: Final = 1


def sessions(path: Path) -> Examples:
    """Reads the set, rows in the order of their months."""
    found = read_csv(path, CsvOptions("Revenue", False, categories=CATEGORIES))
    months = np.array([MONTHS.index(month) for month in found.values["Month"]])
    return found.take(np.argsort(months, kind="stable"))


def honest_split(rows: Examples) -> Split:
    """February to October trains and calibrates; November and December are later."""
    is_later = np.isin(rows.values["Month"].astype(str), LATER_MONTHS)
    rows = rows.only([name for name in rows.names if name != "Month"])
    earlier = rows.take(~is_later)
    cut = round(0.8 * len(earlier))
    which = np.arange(len(earlier))
    return Split(earlier.take(which < cut), earlier.take(which >= cut), rows.take(is_later), 0)


def leaking_split(rows: Examples, seed: int = SEED) -> Split:
    """Repeats buyers until there are as many as others, then splits at random: the mistake of published figures."""
    random = np.random.default_rng(seed)
    rows = rows.only([name for name in rows.names if name != "Month"])
    buyers, others = np.flatnonzero(rows.truth == "TRUE"), np.flatnonzero(rows.truth == "FALSE")
    drawn = np.concatenate((others, random.choice(buyers, len(others))))
    shuffled = rows.take(random.permutation(drawn))
    which = np.arange(len(shuffled)) / len(shuffled)
    return Split(
        shuffled.take(which < 0.64), shuffled.take((which >= 0.64) & (which < 0.8)), shuffled.take(which >= 0.8), 0
    )


def judge(split: Split, parity_rows: int = PARITY_ROWS) -> Evaluation:
    options = TrainingOptions("tone", "Revenue", SEED, coverage=0.8, parity_rows=parity_rows)
    return train_on(split, options).evaluation


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.bench.shoppers", description=__doc__)
    parser.add_argument("--data", type=Path, default=shared_data().joinpath(*FILE))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    if not given.data.exists():
        print(f"no {given.data}: set MICROADJUST_SHARED_DATA", file=sys.stderr)
        return 1
    rows = sessions(given.data)
    found = {"honest": judge(honest_split(rows)), "leaking": judge(leaking_split(rows))}
    if given.json:
        print(json.dumps(msgspec.to_builtins(found), indent=1))
        return 0
    for name, each in found.items():
        area = each.all_later["auc"]
        print(
            f"{name}: AUC on {each.ranges[-1].rows} later rows {area.value:.4f} ({area.low:.4f} to {area.high:.4f})",
            end="; ",
        )
        print(f"trained on {each.ranges[0].rows}; the gate {'lets it through' if each.passed else 'keeps it out'}")
        own = each.metrics["auc"].value
        print(f"    on the later rows inside of the training range: AUC {own:.4f}")
        for rival in each.comparisons:
            print(f"    {rival.name}: AUC {rival.metrics['auc'].value:.4f}")
        for check in each.checks:
            print(f"  {check.verdict} {check.name}: {check.detail}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
