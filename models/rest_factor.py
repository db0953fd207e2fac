"""How much longer rules should rest, by what pages did with an action's commands."""

from typing import Final

from models.proportion import wilson_interval

MIN_OUTCOMES: Final = 30
"""Below so many commands with an outcome nothing is said: the interval of the share would be wider than a third."""

MAX_REST_FACTOR: Final = 8.0


def rest_factor(applied: int, told: int) -> float | None:
    """By how much the matrix's cooldown should be multiplied: 1 to 8, in steps of a tenth; None below `MIN_OUTCOMES`.

    `told` commands have an outcome, `applied` of them were carried out. A command that no page carries out is wasted, so that
    the rate falls with the share: by its reciprocal. The upper end of the 95 % interval is taken for the share: chance makes
    no rule rest longer.

    >>> rest_factor(30, 30), rest_factor(20, 40), rest_factor(0, 40), rest_factor(0, 29)
    (1.0, 1.5, 8.0, None)
    """
    interval = wilson_interval(applied, told)
    if told < MIN_OUTCOMES or interval is None:
        return None
    return round(min(1.0 / interval[1], MAX_REST_FACTOR), 1)
