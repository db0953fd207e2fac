"""Finds leaks between ranges: rows of the later range that training has seen already, and columns that repeat the truth."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.learning.columns import Columns
from models.learning.examples import Examples

MAX_COPIED_SHARE: Final = 0.05
"""Share of copies from which the later range is no test. Of the shop sessions of UCI 468, cut by time and looked at without their
month, 2 % of the later rows are copies by chance; oversampled before a random split, more than half are
(`python -m infra.bench.shoppers`)."""

MAX_ORDINARY_SHARE: Final = 0.01
"""A combination of values that more rows than this share have is ordinary: meeting it again says nothing."""

MAX_CORRELATION: Final = 0.9999

MAX_PAIRS: Final = 64
"""Values beyond which an input is not looked at as a name of the truth."""

ROWS_A_PAIR: Final = 10
"""Rows for each pair of value and truth below which it is chance that they go together."""


def copied_share(columns: Columns, train: Examples, later: Examples) -> float:
    """Returns the share of later rows that are copies: all values and the truth as in a row of training.

    Ordinary combinations do not count, nor those whose truth differs between rows of training: they are chance, not memory.
    """
    seen: dict[bytes, set[str]] = {}
    counts: dict[bytes, int] = {}
    for key, truth in _rows(columns, train):
        seen.setdefault(key, set()).add(truth)
        counts[key] = counts.get(key, 0) + 1
    most = max(1, int(MAX_ORDINARY_SHARE * len(train)))
    copies = sum(seen.get(key) == {truth} and counts[key] <= most for key, truth in _rows(columns, later))
    return copies / len(later)


def _rows(columns: Columns, examples: Examples) -> Iterator[tuple[bytes, str]]:
    for row, truth in zip(columns.matrix(examples.values), examples.truth, strict=True):
        yield row.tobytes(), str(truth)


def repeated_truth(columns: Columns, examples: Examples) -> str | None:
    """Returns the name of an input that is the truth in another guise; None where there is none.

    That is a text or number for each truth and a truth for each, or a number that rises or falls with the truth. Unknown values
    hide nothing: they are left out.
    """
    truth = examples.truth
    for name in columns.names:
        values = examples.values[name]
        if name in columns.categories or truth.dtype == object:
            if _one_to_one(values, truth):
                return name
        elif _correlation(values.astype(np.float64), truth) > MAX_CORRELATION:
            return name
    return None


def _one_to_one(left: NDArray[Any], right: NDArray[Any]) -> bool:
    pairs: set[tuple[str, str]] = set()
    rows = 0
    for a, b in zip(left, right, strict=True):
        if a is None or a != a:
            continue
        rows += 1
        pairs.add((str(a), str(b)))
        if len(pairs) > MAX_PAIRS:
            return False
    few = rows < ROWS_A_PAIR * len(pairs)
    return not few and 2 <= len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def _correlation(values: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """The greater of the correlation of the values and that of their ranks, which no logarithm or square hides."""
    known = np.isfinite(values)
    values, truth = values[known], truth[known]
    if len(values) < 3 or np.ptp(values) == 0.0 or np.ptp(truth) == 0.0:
        return 0.0
    ranks = [np.unique(each, return_inverse=True)[1].astype(np.float64) for each in (values, truth)]
    return max(abs(float(np.corrcoef(*each)[0, 1])) for each in ((values, truth), ranks))
