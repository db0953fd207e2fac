"""Finds inputs that are the truth in another guise. A few wrong cells hide nothing: one in a hundred rows may disagree."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.learning.columns import Columns, Doubles
from models.learning.examples import Examples

MAX_CORRELATION: Final = 0.9999

WRONG_SHARE: Final = 0.01
"""Share of rows that may disagree: wrong cells, or truths that were put right later."""

MIN_KAPPA: Final = 0.9
"""Agreement beyond chance from which an input names the labels: where nearly all rows have one label, any input agrees."""

ROWS_A_PAIR: Final = 10
"""Rows for each pair of value and truth below which it is chance that they go together."""

Places = NDArray[np.int64]


def repeated_truth(columns: Columns, examples: Examples) -> str | None:
    """Returns the name of an input that is the truth in another guise; None where there is none.

    That is a text or number for each truth and a truth for each, or a number that rises or falls with the truth, but for
    `WRONG_SHARE` of the rows. Unknown values hide nothing: they are left out.
    """
    truth = examples.truth
    for name in columns.names:
        values = examples.values[name]
        known = _known(values) & _known(truth)
        if _go_together(_places(values[known]), _places(truth[known])):
            return name
        are_numbers = name not in columns.categories and truth.dtype != object
        if (
            are_numbers
            and _correlation(values[known].astype(np.float64), truth[known].astype(np.float64)) > MAX_CORRELATION
        ):
            return name
    return None


def _known(values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.dtype == object:
        return np.array([each is not None and each == each for each in values], dtype=bool)
    found: NDArray[np.bool_] = np.isfinite(values)
    return found


def _places(values: NDArray[Any]) -> Places:
    """Returns for each row (rows,) the number of its value, from 0 on."""
    found: Places = np.unique(values.astype(str) if values.dtype == object else values, return_inverse=True)[1]
    return found


def _go_together(left: Places, right: Places) -> bool:
    """Whether values go with truths one to one, by share of rows and beyond chance (Cohen 1960)."""
    rows = len(left)
    if rows == 0:
        return False
    rows_left, rows_right = np.bincount(left), np.bincount(right)
    pairs = min(len(rows_left), len(rows_right))
    if any(np.sort(each)[-pairs:].sum() < (1.0 - WRONG_SHARE) * rows for each in (rows_left, rows_right)):
        return False
    width = len(rows_right)
    codes, counts = np.unique(left * width + right, return_counts=True)
    values, truths = set[int](), set[int]()
    agreed, by_chance = 0, 0.0
    for place in np.argsort(-counts, kind="stable").tolist():
        value, true = divmod(int(codes[place]), width)
        if value not in values and true not in truths:
            values.add(value)
            truths.add(true)
            agreed += int(counts[place])
            by_chance += float(rows_left[value]) * float(rows_right[true]) / rows**2
    if len(values) < 2 or rows < ROWS_A_PAIR * len(values):
        return False
    share = agreed / rows
    return share >= 1.0 - WRONG_SHARE and (share - by_chance) / (1.0 - by_chance) >= MIN_KAPPA


def _correlation(values: Doubles, truth: Doubles) -> float:
    """Returns the greater of the correlation of the values and that of their ranks, which no logarithm or square hides, without
    the rows that agree least."""
    if len(values) < 3 or np.ptp(values) == 0.0 or np.ptp(truth) == 0.0:
        return 0.0
    ranks = _ranks(values), _ranks(truth)
    sign = 1.0 if np.corrcoef(*ranks)[0, 1] >= 0.0 else -1.0
    apart = np.abs((ranks[0] - ranks[0].mean()) - sign * (ranks[1] - ranks[1].mean()))
    # Rows with the most frequent value tell nothing: where nearly all have it, few are left to agree by chance.
    telling = min(len(each) - int(np.unique(each, return_counts=True)[1].max()) for each in (values, truth))
    kept = np.argsort(apart, kind="stable")[: len(values) - int(WRONG_SHARE * telling)]
    values, truth = values[kept], truth[kept]
    if np.ptp(values) == 0.0 or np.ptp(truth) == 0.0:
        return 0.0
    pairs = (values, truth), (_ranks(values), _ranks(truth))
    return max(abs(float(np.corrcoef(*each)[0, 1])) for each in pairs)


def _ranks(values: Doubles) -> Doubles:
    """Returns ranks from 0 on; equal values share the middle one.

    >>> _ranks(np.array([5.0, 1.0, 5.0])).tolist()
    [1.5, 0.0, 1.5]
    """
    which, counts = np.unique(values, return_inverse=True, return_counts=True)[1:]
    found: Doubles = (np.cumsum(counts) - (counts + 1) / 2.0)[which]
    return found
