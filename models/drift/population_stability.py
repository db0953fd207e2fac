"""The population stability index (PSI), with the threshold that a sample of its size needs.

Under no drift PSI is about chi-square with one degree of freedom less than bins, times (1 / reference + 1 / current): the rule of
thumb of 0.1 is passed by 40 rows without any drift. Source: Yurdakul and Naranjo (2020), Statistical properties of the
population stability index, Journal of Risk Model Validation 14(4).
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.drift.chi_square import quantile

Floats = NDArray[np.float64]

BINS: Final = 10
LEAST_SHARE: Final = 1e-4
"""An empty bin counts as this share: its logarithm stays finite."""


def inner_edges(reference: Floats, bins: int = BINS) -> Floats:
    """The quantiles between the bins, each once; the first and the last bin have open ends."""
    return np.asarray(np.unique(np.quantile(reference, np.arange(bins + 1) / bins))[1:-1])


def value_edges(reference: Floats, bins: int = BINS) -> Floats:
    """As `inner_edges`, but where there are no more values than bins, one bin for each value: between counts such as 0 and 1
    quantiles tell nothing apart."""
    values = np.unique(reference)
    return inner_edges(reference, bins) if len(values) > bins else (values[1:] + values[:-1]) / 2.0


def bin_shares(values: Floats, edges: Floats) -> Floats:
    """The share of the values in each bin; a bin holds its lower edge."""
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
    return np.asarray(counts / len(values))


def index_of(reference: Floats, current: Floats) -> float:
    """PSI of two sets of shares.

    >>> round(index_of(np.array([0.6, 0.4]), np.array([0.7, 0.3])), 6)
    0.044183
    """
    expected, found = np.maximum(reference, LEAST_SHARE), np.maximum(current, LEAST_SHARE)
    return float(np.sum((found - expected) * np.log(found / expected)))


def category_index(reference: Mapping[str, int], current: Mapping[str, int]) -> float:
    """PSI of counts by category."""
    names = sorted(reference.keys() | current.keys())
    shares = [np.array([counts.get(name, 0) for name in names], dtype=np.float64) for counts in (reference, current)]
    return index_of(*(each / each.sum() for each in shares))


def threshold(bins: int, reference_rows: int, current_rows: int, level: float = 0.05) -> float:
    """The PSI that is passed with probability `level` where nothing has drifted."""
    return quantile(1.0 - level, bins - 1) * (1.0 / reference_rows + 1.0 / current_rows)


def jensen_shannon(reference: Floats, current: Floats) -> float:
    """The Jensen-Shannon divergence of two sets of shares, in bits: 0 for the same, 1 for nothing in common."""
    middle = (reference + current) / 2.0
    return (_relative_entropy(reference, middle) + _relative_entropy(current, middle)) / 2.0


def _relative_entropy(shares: Floats, others: Floats) -> float:
    there = shares > 0.0
    return float(np.sum(shares[there] * np.log2(shares[there] / others[there])))
