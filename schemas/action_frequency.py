"""How often an action may come where its rule does not say: by its place in the impact x complexity matrix."""

from typing import Final, NamedTuple


class Frequency(NamedTuple):
    """What a rule rests after its command, and how many commands a session gets from it."""

    cooldown_s: int
    max_per_session: int


MATRIX_FREQUENCY: Final[dict[int, Frequency]] = {
    2: Frequency(120, 12),
    3: Frequency(120, 12),
    4: Frequency(120, 12),
    5: Frequency(120, 10),
    6: Frequency(120, 8),
    7: Frequency(180, 6),
    8: Frequency(240, 5),
    9: Frequency(360, 4),
    10: Frequency(480, 3),
}
"""By the sum of impact and complexity, 2..10: what a reader notices more, and what a CMS has more work with, comes more seldom.

The middle (3 and 3) rests two minutes; two steps further twice as long, in round numbers. Nothing rests less: with 60 s for what
is cheap (a sum below 6), commands to readers whose habits do not change grew by a fifth to three tenths
(`python -m infra.bench.action_frequency --planted "" --seed 711 --variants matrix,cheap-60`).
"""


def frequency_of(impact: int, complexity: int) -> Frequency:
    """The frequency of a cell of the matrix.

    >>> frequency_of(3, 3).cooldown_s, frequency_of(5, 5).cooldown_s
    (120, 480)
    """
    return MATRIX_FREQUENCY[impact + complexity]
