"""Agreement of two partitions: adjusted Rand index and normalised mutual information.

Source: Hubert and Arabie (1985), Journal of Classification 2, 193-218.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from math import comb, log


def adjusted_rand(a: Sequence[Hashable], b: Sequence[Hashable]) -> float:
    """1 for equal partitions, about 0 for independent ones.

    >>> adjusted_rand([0, 0, 1, 1], ["x", "x", "y", "y"])
    1.0
    """
    together = sum(comb(count, 2) for count in Counter(zip(a, b, strict=True)).values())
    in_a = sum(comb(count, 2) for count in Counter(a).values())
    in_b = sum(comb(count, 2) for count in Counter(b).values())
    pairs = comb(len(a), 2)
    expected = in_a * in_b / pairs if pairs else 0.0
    most = (in_a + in_b) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)


def normalised_mutual_information(a: Sequence[Hashable], b: Sequence[Hashable]) -> float:
    """Mutual information by the mean of both entropies; 1 where both partitions are one group."""
    n = len(a)
    of_a, of_b = _entropy(Counter(a), n), _entropy(Counter(b), n)
    if of_a == of_b == 0.0:
        return 1.0
    joint = _entropy(Counter(zip(a, b, strict=True)), n)
    return max(0.0, 2.0 * (of_a + of_b - joint) / (of_a + of_b))


def _entropy(counts: "Counter[Hashable] | Counter[tuple[Hashable, Hashable]]", n: int) -> float:
    return -sum(count / n * log(count / n) for count in counts.values())
