"""Finds leaks between ranges: rows of the later range that training has seen already."""

from collections.abc import Iterator
from typing import Final

from models.learning.columns import Columns
from models.learning.examples import Examples

MAX_COPIED_SHARE: Final = 0.05
"""Share of copies from which the later range is no test. Of the shop sessions of UCI 468, cut by time and looked at without their
month, 2 % of the later rows are copies by chance; oversampled before a random split, more than half are
(`python -m infra.bench.shoppers`)."""

MAX_ORDINARY_SHARE: Final = 0.01
"""A combination of values that more rows than this share have is ordinary: meeting it again says nothing."""


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
