"""Watches named texts against a reference range: which of them have another mix of categories now?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from models.drift.population_stability import category_index, threshold
from models.drift.unknown_share import rise_p
from models.drift.watch import LEVEL, MIN_ROWS, Finding

MIN_EXPECTED: Final = 5.0
"""Rows of the range in which a category of the reference is expected at least; rarer and new ones are judged together. Source:
Cochran (1954), Biometrics 10, 417-451."""

OTHERS: Final = "all others"

Texts = Sequence[str | None]


class CategoryWatch:
    """Two tests must agree, as for numbers: PSI over its threshold, and Fisher's exact test of the share of some category.

    Fisher's test keeps its level in the smallest samples, where the chi-square threshold of PSI is too low. A text that is
    unknown is left out: `UnknownWatch` tells of it.
    """

    def __init__(self, references: Mapping[str, Texts], level: float = LEVEL) -> None:
        """`references` hold the texts of the reference range by name, None where unknown. `level` is the probability that a look
        at an undrifted range raises any alarm, over all names together (Bonferroni)."""
        counted = {name: _counted(texts) for name, texts in sorted(references.items())}
        self._references = {name: counts for name, counts in counted.items() if counts.total() >= MIN_ROWS}
        self._level = level / max(1, len(self._references))

    def judge(self, current: Mapping[str, Texts]) -> list[Finding]:
        """All names of which enough texts are known, drifted or not, by falling PSI. `distance` is the largest change of one
        category's share, `p` the probability of so unlikely a change by chance, `changed` names the category and its shares."""
        found = []
        for name, reference in self._references.items():
            counts = _counted(current.get(name, ()))
            if counts.total() >= MIN_ROWS:
                found.append(self._judged(name, reference, counts))
        return sorted(found, key=lambda each: (-each.psi, each.subject))

    def _judged(self, name: str, all_before: Counter[str], all_now: Counter[str]) -> Finding:
        rows_before, rows = all_before.total(), all_now.total()
        kept = {text for text, count in all_before.items() if count * rows >= MIN_EXPECTED * rows_before}
        before, now = _pooled(all_before, kept), _pooled(all_now, kept)
        names = sorted(before.keys() | now.keys())
        psi = category_index(dict(before), dict(now))
        limit = threshold(len(names), rows_before, rows, self._level) if len(names) > 1 else 0.0
        p = min(_change_p(before[each], rows_before, now[each], rows) for each in names)
        p = min(1.0, len(names) * p)
        # Pooled texts by their own names, of two that have changed alike the one that has risen.
        changes = {each: all_now[each] / rows - all_before[each] / rows_before for each in all_before | all_now}
        most = max(sorted(changes), key=lambda each: (abs(changes[each]), changes[each]))
        shares = all_before[most] / rows_before, all_now[most] / rows
        has_drifted = p < self._level and psi >= limit
        changed = f"{most} {shares[0]:.1%} before, {shares[1]:.1%} now"
        return Finding(name, psi, limit, abs(shares[1] - shares[0]), p, rows, has_drifted, changed)


def _change_p(before: int, rows_before: int, now: int, rows: int) -> float:
    """Probability of so large a rise or fall of a share by chance: twice the smaller tail of Fisher's exact test."""
    rise = rise_p(before, rows_before, now, rows)
    fall = rise_p(rows_before - before, rows_before, rows - now, rows)
    return min(1.0, 2.0 * min(rise, fall))


def _counted(texts: Texts) -> Counter[str]:
    return Counter(text for text in texts if text is not None)


def _pooled(counts: Counter[str], kept: set[str]) -> Counter[str]:
    """The counts of the kept categories, and of all others together where there are any."""
    found = Counter({text: count for text, count in counts.items() if text in kept})
    if others := counts.total() - found.total():
        found[OTHERS] = others
    return found
